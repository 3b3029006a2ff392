import type { FastifyBaseLogger } from 'fastify';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Config } from '#platform/config/config.ts';
import type { ApiAccess } from '../access/open-access.ts';
import type { ConnectionDirectory } from '../connections/directory.ts';
import type { ConnectionStore } from '../connections/store.ts';
import type { createServer } from '../http/server.ts';
import type { RequestLog } from '../intake/request-log.ts';
import type { AcceptanceCounts } from '../ledger/acceptance-counts.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Outbox } from '../outbox/open-outbox.ts';
import type { OnError, Platform } from '../platform/platform.ts';

/** What the roles of a process share. */
export interface Parts {
  /** Set where the API is served. */
  readonly access: ApiAccess | undefined;
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly config: Config;
  /** What this process answered, for the loss ledger. */
  readonly counts: AcceptanceCounts;
  readonly directory: ConnectionDirectory;
  readonly log: RequestLog;
  readonly logger: FastifyBaseLogger;
  /** Where each part registers what it counts and measures. */
  readonly metrics: Metrics;
  readonly onError: OnError;
  /** The way in for events, opened by the first role that asks. */
  readonly outbox: () => Promise<Outbox>;
  readonly platform: Platform;
  /** Scheme and host that providers address. */
  readonly publicUrl: () => string;
  /** What to close once no more requests come: all at the same time, as the end has seconds. */
  readonly closing: (() => Promise<unknown>)[];
  readonly server: Awaited<ReturnType<typeof createServer>>;
  readonly store: ConnectionStore;
}
