import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '#platform/config/config.ts';
import type { OnError, Platform } from '../platform/platform.ts';
import { Spool } from '../spool/spool.ts';
import { type Accept, createAccept } from './accept.ts';
import { PublishGate } from './publish-gate.ts';
import { PublishProgress } from './publish-progress.ts';
import { ReceiptClock } from './receipt-clock.ts';
import { Relay } from './relay.ts';
import { SharedWatermarks } from './shared-watermarks.ts';
import { SoleWatermark } from './sole-watermark.ts';

export interface OutboxOptions {
  readonly platform: Platform;
  readonly config: Pick<Config, 'acceptDeadlineMs' | 'acceptPatienceMs' | 'maxSpoolBytes'>;
  readonly logger: FastifyBaseLogger;
  readonly onError: OnError;
}

/** What a process accepts events by, whatever role of it has them. */
export interface Outbox {
  readonly accept: Accept;
  readonly clock: ReceiptClock;
  /** Carries what waits in the spool, whoever left it there. @returns events that waited there */
  drainSpool(): Promise<number>;
  close(): Promise<void>;
}

/** Carries again what an earlier process may have left, and opens the way in for new events. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { platform, config, logger, onError } = options;
  const { bus, database, warehouse } = platform;
  const progress = new PublishProgress();
  const gate = new PublishGate();
  const spool = new Spool({ database, maxBytes: config.maxSpoolBytes });
  const watermarks = platform.shared ? new SharedWatermarks(database) : new SoleWatermark(database);
  const relay = new Relay({ bus, warehouse, watermarks, progress, gate, spool, onError });
  const clock = new ReceiptClock(Date.parse((await watermarks.latest()) ?? '') || 0);
  const { republished } = await relay.start();
  if (republished > 0)
    logger.info({ republished }, 'Carried again what the last run may have left');
  return {
    accept: createAccept({
      bus,
      warehouse,
      progress,
      gate,
      spool,
      patienceMs: config.acceptPatienceMs,
      deadlineMs: config.acceptDeadlineMs,
    }),
    clock,
    drainSpool: () => relay.drainSpool(),
    close: () => relay.stop(),
  };
}
