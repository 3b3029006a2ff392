import type { BusMessage, Subscription } from '../bus.ts';

type OnMessage = (message: BusMessage) => unknown;

/** Live views of topics. A view that fails is no concern of the publisher. */
export class Watchers {
  readonly #byTopic = new Map<string, Set<{ readonly onMessage: OnMessage }>>();

  watches(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  add(topic: string, onMessage: OnMessage): Subscription {
    const watchers = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, watchers);
    // Wrapped: one function may watch twice.
    const watcher = { onMessage };
    watchers.add(watcher);
    return {
      close: async () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && this.#byTopic.get(topic) === watchers) {
          this.#byTopic.delete(topic);
        }
      },
    };
  }

  show(topic: string, message: BusMessage): void {
    const watchers = this.#byTopic.get(topic);
    if (!watchers) return;
    for (const { onMessage } of watchers) {
      try {
        const result = onMessage(message);
        if (result instanceof Promise) result.catch(() => {});
      } catch {
        // Nothing is kept or shown again, so there is nothing to do about it.
      }
    }
  }

  clear(): void {
    this.#byTopic.clear();
  }
}
