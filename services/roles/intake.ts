import { SecretCache } from '../connections/secret-cache.ts';
import { watchSecrets } from '../connections/secret-watch.ts';
import { RateLimiter } from '../intake/rate-limiter.ts';
import { intakeRoutes } from '../intake/routes.ts';
import { createAccept } from '../outbox/accept.ts';
import { PublishProgress } from '../outbox/publish-progress.ts';
import { ReceiptClock } from '../outbox/receipt-clock.ts';
import { Relay } from '../outbox/relay.ts';
import { SharedWatermarks } from '../outbox/shared-watermarks.ts';
import { SoleWatermark } from '../outbox/sole-watermark.ts';
import type { Parts } from './parts.ts';

/** The role that takes webhooks, and sees to it that what it accepted reaches the bus. */
export async function startIntake(parts: Parts): Promise<void> {
  const { closing, config, onError, platform, server } = parts;
  const { bus, database, secrets, warehouse } = platform;
  await parts.directory.refresh();
  const progress = new PublishProgress();
  const watermarks = platform.shared ? new SharedWatermarks(database) : new SoleWatermark(database);
  const relay = new Relay({ bus, warehouse, watermarks, progress, onError });
  const clock = new ReceiptClock(Date.parse((await watermarks.latest()) ?? '') || 0);
  const { republished } = await relay.start();
  closing.push(() => relay.stop());
  if (republished > 0)
    parts.logger.info({ republished }, 'Carried again what the last run may have left');

  const cache = new SecretCache(secrets);
  const watch = watchSecrets({ secrets, cache, onError });
  closing.push(() => watch.close());

  await server.register(intakeRoutes, {
    accept: createAccept({ bus, warehouse, progress, deadlineMs: config.acceptDeadlineMs }),
    bodyLimitBytes: config.bodyLimitBytes,
    clock,
    directory: parts.directory,
    limiter: new RateLimiter(config.rateLimitPerSecond),
    log: parts.log,
    providers: new Set(parts.adapters.keys()),
    publicUrl: parts.publicUrl,
    secrets: cache,
  });
}
