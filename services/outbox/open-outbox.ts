import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '#platform/config/config.ts';
import type { OnError, Platform } from '../platform/platform.ts';
import { type Accept, createAccept } from './accept.ts';
import { PublishProgress } from './publish-progress.ts';
import { ReceiptClock } from './receipt-clock.ts';
import { Relay } from './relay.ts';
import { SharedWatermarks } from './shared-watermarks.ts';
import { SoleWatermark } from './sole-watermark.ts';

export interface OutboxOptions {
  readonly platform: Platform;
  readonly config: Pick<Config, 'acceptDeadlineMs'>;
  readonly logger: FastifyBaseLogger;
  readonly onError: OnError;
}

/** What a process accepts events by, whatever role of it has them. */
export interface Outbox {
  readonly accept: Accept;
  readonly clock: ReceiptClock;
  close(): Promise<void>;
}

/** Carries again what an earlier process may have left, and opens the way in for new events. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { platform, config, logger, onError } = options;
  const { bus, database, warehouse } = platform;
  const progress = new PublishProgress();
  const watermarks = platform.shared ? new SharedWatermarks(database) : new SoleWatermark(database);
  const relay = new Relay({ bus, warehouse, watermarks, progress, onError });
  const clock = new ReceiptClock(Date.parse((await watermarks.latest()) ?? '') || 0);
  const { republished } = await relay.start();
  if (republished > 0)
    logger.info({ republished }, 'Carried again what the last run may have left');
  return {
    accept: createAccept({ bus, warehouse, progress, deadlineMs: config.acceptDeadlineMs }),
    clock,
    close: () => relay.stop(),
  };
}
