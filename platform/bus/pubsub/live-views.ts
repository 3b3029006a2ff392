import { randomUUID } from 'node:crypto';
import type { BusMessage, Subscription } from '../bus.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { Resources } from './resources.ts';

type OnMessage = (message: BusMessage) => unknown;

export interface LiveViewsOptions extends Pick<ReceiverOptions, 'pubsub'> {
  readonly resources: Resources;
  readonly onError: (error: unknown, subscription: string) => void;
}

/** A topic's temporary subscription, and those who look. */
interface View {
  readonly watchers: Set<{ readonly onMessage: OnMessage }>;
  readonly close: () => Promise<void>;
}

interface SharedView {
  readonly opening: Promise<View>;
  /** Those who look or are about to: counted before the view is open. */
  users: number;
}

const MAX_MESSAGES = 1_000;
const HOLD_MS = 600_000;
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Live views of topics. All views of a topic in this process share one temporary subscription, made
 * for the first and deleted after the last. Needs pubsub.subscriptions.create in the project,
 * pubsub.topics.attachSubscription on the topic, and pubsub.subscriptions.consume and .delete.
 */
export class LiveViews {
  readonly #options: LiveViewsOptions;
  readonly #byTopic = new Map<string, SharedView>();

  constructor(options: LiveViewsOptions) {
    this.#options = options;
  }

  async add(topic: string, onMessage: OnMessage): Promise<Subscription> {
    const shared = this.#byTopic.get(topic) ?? this.#open(topic);
    shared.users += 1;
    const { watchers, close } = await shared.opening;
    // Wrapped: one function may watch twice.
    const watcher = { onMessage };
    watchers.add(watcher);
    return {
      close: async () => {
        if (!watchers.delete(watcher)) return;
        shared.users -= 1;
        if (shared.users > 0) return;
        if (this.#byTopic.get(topic) === shared) this.#byTopic.delete(topic);
        await close();
      },
    };
  }

  async close(): Promise<void> {
    const views = [...this.#byTopic.values()];
    this.#byTopic.clear();
    await Promise.all(
      views.map(async ({ opening }) => {
        const view = await opening.catch(() => undefined);
        view?.watchers.clear();
        await view?.close();
      }),
    );
  }

  #open(topic: string): SharedView {
    const shared = { opening: this.#make(topic), users: 0 };
    this.#byTopic.set(topic, shared);
    // The next one tries anew.
    shared.opening.catch(() => this.#byTopic.delete(topic));
    return shared;
  }

  async #make(topic: string): Promise<View> {
    const { pubsub, resources } = this.#options;
    const name = `live-${randomUUID()}`;
    await resources.createTemporarySubscription(topic, name);
    const subscription = resources.names.subscription(name);
    const onError = (error: unknown) => this.#options.onError(error, subscription);
    const watchers: View['watchers'] = new Set();
    const receiver = new Receiver({
      pubsub,
      subscription,
      onMessage: (message) => {
        message.ack();
        const { data, attributes, orderingKey = '' } = message;
        show(watchers, { data: data.toString(), attributes, orderingKey });
      },
      onError,
      // A view that was lost, by an emulator that forgot all, begins anew.
      beforeReopening: () => resources.createTemporarySubscription(topic, name),
      maxMessages: MAX_MESSAGES,
      maxHoldMs: HOLD_MS,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
    receiver.open();
    const close = async () => {
      await receiver.close();
      // Google deletes it after a day without readers, if this fails.
      await resources.deleteSubscription(name).catch(onError);
    };
    return { watchers, close };
  }
}

/** A view that fails is no concern of others. */
function show(watchers: View['watchers'], message: BusMessage): void {
  for (const { onMessage } of watchers) {
    try {
      const result = onMessage(message);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Nothing is kept or shown again, so there is nothing to do about it.
    }
  }
}
