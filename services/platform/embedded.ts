import { join } from 'node:path';
import { openInProcessBus } from '#platform/bus/in-process/bus.ts';
import type { Config } from '#platform/config/config.ts';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openInProcessScheduler } from '#platform/scheduler/in-process/in-process.ts';
import { openTaskSigner } from '#platform/scheduler/in-process/task-signer.ts';
import type { JobSpec, Scheduler } from '#platform/scheduler/scheduler.ts';
import { createTaskTokenVerifier } from '#platform/scheduler/task-token.ts';
import { openEncryptedFileSecrets } from '#platform/secrets/encrypted-file/encrypted-file.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import type { OnError, Platform } from './platform.ts';

/** Who the in-process scheduler's tokens say they are from and for. */
const TASK_IDENTITY = {
  issuer: 'https://scheduler.tributary.internal',
  audience: 'tributary-tasks',
  email: 'scheduler@tributary.internal',
} as const;

/** A row may be this many times as long as the body it came from: escapes of escapes, at worst. */
const ROW_TO_BODY = 3;

/**
 * Opens the embedded drivers, for one process that has all roles.
 *
 * @throws DataFolderInUse when another process has the folder
 */
export async function openEmbeddedPlatform(config: Config, onError: OnError): Promise<Platform> {
  const opened = new AsyncDisposableStack();
  const keep = <Capability extends { close(): Promise<void> }>(capability: Capability) =>
    opened.adopt(capability, (one) => one.close());
  try {
    // The warehouse first and alone: its file lock is what keeps a second process out.
    const warehouse = keep(
      await openDuckDbWarehouse({
        dataDir: config.dataDir,
        maxJournalBytes: config.maxJournalBytes,
        maxLineBytes: config.bodyLimitBytes * ROW_TO_BODY,
        onError,
      }),
    );
    const secrets = keep(await openEmbeddedSecrets(config));
    const database = keep(await openPglite({ dir: join(config.dataDir, 'postgres') }));
    const bus = keep(
      await openInProcessBus({
        dataDir: join(config.dataDir, 'bus'),
        maxLogBytes: config.maxBusLogBytes,
        onWarning: (text) => onError(text, undefined),
      }),
    );
    const signer = await openTaskSigner({ keyDir: config.keyDir, ...TASK_IDENTITY });
    const resources = opened.move();
    return {
      verifyTaskToken: createTaskTokenVerifier({ ...TASK_IDENTITY, jwks: signer.jwks }),
      openScheduler: async (ownUrl, jobs) => {
        const { dataDir } = config;
        return withJobs(await openInProcessScheduler({ baseUrl: ownUrl, signer, dataDir }), jobs);
      },
      shared: false,
      recordsPassage: true,
      bus,
      database,
      secrets,
      warehouse,
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** The embedded secret store alone; may be open in several processes. */
export function openEmbeddedSecrets(config: Config): Promise<Secrets> {
  return openEncryptedFileSecrets({
    dataDir: join(config.dataDir, 'secrets'),
    keyDir: config.keyDir,
  });
}

async function withJobs(scheduler: Scheduler, jobs: readonly JobSpec[]): Promise<Scheduler> {
  for (const job of jobs) await scheduler.upsert(job);
  return scheduler;
}
