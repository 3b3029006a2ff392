import type { SecretWatch } from '#platform/secrets/secrets.ts';
import type { SecretEvent } from '../notification.ts';

/** Stands for the topic between Secret Manager and those who watch it. */
export class TestTopic {
  readonly #watchers = new Set<(event: SecretEvent) => void>();

  /** For the driver's `watchTopic`. */
  readonly watch = async (onEvent: (event: SecretEvent) => void): Promise<SecretWatch> => {
    this.#watchers.add(onEvent);
    return {
      close: async () => {
        this.#watchers.delete(onEvent);
      },
    };
  };

  /** For the server's `onNotification`. */
  readonly publish = (event: SecretEvent): void => {
    for (const watcher of this.#watchers) watcher(event);
  };

  get watched(): number {
    return this.#watchers.size;
  }
}
