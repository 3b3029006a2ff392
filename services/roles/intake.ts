import { SecretCache } from '../connections/secret-cache.ts';
import { watchSecrets } from '../connections/secret-watch.ts';
import { intakeRoutes } from '../intake/routes.ts';
import { RateLimiter } from '../rate-limiter.ts';
import type { Parts } from './parts.ts';

/** The role that takes webhooks, and sees to it that what it accepted reaches the bus. */
export async function startIntake(parts: Parts): Promise<void> {
  const { closing, config, onError, platform, server } = parts;
  const { secrets } = platform;
  await parts.directory.refresh();
  const { accept, clock } = await parts.outbox();

  const cache = new SecretCache(secrets);
  const watch = watchSecrets({ secrets, cache, onError });
  closing.push(() => watch.close());

  await server.register(intakeRoutes, {
    accept,
    adapters: parts.adapters,
    bodyLimitBytes: config.bodyLimitBytes,
    clock,
    counts: parts.counts,
    directory: parts.directory,
    limiter: new RateLimiter(config.rateLimitPerSecond),
    log: parts.log,
    publicUrl: parts.publicUrl,
    secrets: cache,
  });
}
