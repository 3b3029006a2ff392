import type { Bus } from '#platform/bus/bus.ts';
import type { Config } from '#platform/config/config.ts';
import type { Database } from '#platform/database/database.ts';
import type { JobSpec, Scheduler } from '#platform/scheduler/scheduler.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';

/** The capabilities the services run on. */
export interface Platform extends AsyncDisposable {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly database: Database;
  readonly secrets: Secrets;
  /** True when other processes may run on the same state at the same time. */
  readonly shared: boolean;
  /**
   * True where nothing but a process of ours can write proof of passage. Pub/Sub does so by itself; its
   * emulator and the in-process bus do not.
   */
  readonly recordsPassage: boolean;
  /** Checks the Authorization header of a call to a task endpoint. @throws NotAuthenticated */
  readonly verifyTaskToken: (authorization: string | undefined) => Promise<unknown>;
  /**
   * Opens the scheduler and sees to it that the product's own jobs are there.
   *
   * @param ownUrl where this process listens
   */
  openScheduler(ownUrl: string, jobs: readonly JobSpec[]): Promise<Scheduler>;
}

export type OnError = (message: string, error: unknown) => void;

/**
 * Opens the drivers that the configuration names. Those of the other platform are not even loaded:
 * Google's clients cost a laptop memory, and PGlite and DuckDB a container.
 */
export async function openPlatform(config: Config, onError: OnError): Promise<Platform> {
  if (config.gcp) {
    const { openGcpPlatform } = await import('./gcp.ts');
    return openGcpPlatform(config.gcp, onError);
  }
  const { openEmbeddedPlatform } = await import('./embedded.ts');
  return openEmbeddedPlatform(config, onError);
}

/** Opens the secret store alone, for commands that run beside a server. */
export async function openSecrets(config: Config): Promise<Secrets> {
  if (config.gcp) {
    const { openGcpSecrets } = await import('./gcp.ts');
    return openGcpSecrets(config.gcp);
  }
  const { openEmbeddedSecrets } = await import('./embedded.ts');
  return openEmbeddedSecrets(config);
}
