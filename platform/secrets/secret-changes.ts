import type { SecretWatch } from './secrets.ts';

/** Those who want to know of changed secrets. */
export class SecretChanges {
  readonly #watchers = new Set<(ref: string) => void>();

  watch(onChanged: (ref: string) => void): SecretWatch {
    // An own function for each call, so that watching twice is two watches.
    const watcher = (ref: string) => onChanged(ref);
    this.#watchers.add(watcher);
    return {
      close: async () => {
        this.#watchers.delete(watcher);
      },
    };
  }

  tell(ref: string): void {
    for (const watcher of this.#watchers) watcher(ref);
  }
}
