import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PlainEndpoint } from '#platform/google/client-options.ts';
import { findExecutable, type Part } from '#platform/testing/part.ts';
import { freePort, startServerProcess } from '#platform/testing/server-process.ts';
import { startTurnstile } from './turnstile.ts';

/** The emulator of github.com/goccy/bigquery-emulator, 0.8.1 or newer. */
export const BIGQUERY_EMULATOR: Part = {
  name: 'The BigQuery emulator',
  howToGet: 'npm run parts, which builds it with Go; or set BIGQUERY_EMULATOR_BIN.',
  find: () =>
    process.env.BIGQUERY_EMULATOR_BIN ??
    findExecutable('bigquery-emulator') ??
    findExecutable('bigquery-emulator', [join(homedir(), '.cache/tributary/bin')]),
};

export interface BigQueryEmulatorOptions {
  readonly projectId: string;
  /** Made at the start when it is named. */
  readonly dataset?: string;
  /** Where one was before; default free ports. */
  readonly restPort?: number;
  readonly storagePort?: number;
}

export interface BigQueryEmulator {
  readonly restEndpoint: string;
  readonly storageEndpoint: PlainEndpoint;
  /** Ends it as a power cut would: all data is gone. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Starts it, with a turnstile in front.
 *
 * @param path what BIGQUERY_EMULATOR found
 */
export async function startBigQueryEmulator(
  path: string,
  options: BigQueryEmulatorOptions,
): Promise<BigQueryEmulator> {
  const [restPort, storagePort] = [await freePort(), await freePort()];
  const server = await startServerProcess({
    command: path,
    args: [
      `--project=${options.projectId}`,
      ...(options.dataset === undefined ? [] : [`--dataset=${options.dataset}`]),
      `--host=${HOST}`,
      `--port=${restPort}`,
      `--grpc-port=${storagePort}`,
      '--log-level=error',
    ],
    ports: [restPort, storagePort],
  });
  const turnstile = await startTurnstile({
    rest: { host: HOST, port: restPort },
    storage: { host: HOST, port: storagePort },
    restPort: options.restPort ?? 0,
    storagePort: options.storagePort ?? 0,
  });
  return {
    restEndpoint: `http://${HOST}:${turnstile.restPort}`,
    storageEndpoint: { host: HOST, port: turnstile.storagePort },
    async stop() {
      await server.stop();
      await turnstile.stop();
    },
  };
}
