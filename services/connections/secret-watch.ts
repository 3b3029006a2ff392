import type { Secrets, SecretWatch } from '#platform/secrets/secrets.ts';
import type { SecretCache } from './secret-cache.ts';

export interface SecretWatchOptions {
  readonly secrets: Secrets;
  readonly cache: SecretCache;
  /** Wait before the next try, when watching could not begin. Default 30,000 ms. */
  readonly retryMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

/**
 * Drops the copy of each secret that changes, from now until it is closed. Begins in the background:
 * copies have a short life of their own, so a start need not wait for notifications.
 */
export function watchSecrets(options: SecretWatchOptions): SecretWatch {
  const { secrets, cache, retryMs = 30_000, onError } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let beginning: Promise<SecretWatch | undefined>;
  const begin = () => {
    beginning = secrets
      .watch((ref) => cache.forget(ref))
      .catch((error: unknown) => {
        onError(
          'Changes of secrets cannot be watched; a changed one is noticed a minute later.',
          error,
        );
        if (!closed) timer = setTimeout(begin, retryMs).unref();
        return undefined;
      });
  };
  begin();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await (await beginning)?.close();
    },
  };
}
