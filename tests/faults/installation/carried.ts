import type { PubSub, Subscription } from '@google-cloud/pubsub';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import type { Passage } from './installation.ts';

/** What of a message is wanted to carry it once more. */
export interface Carried {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** Knows by itself what the topics carried, past the product and its proofs of passage. */
export class CarriedWatch {
  /** Messages of each event. */
  readonly carried = new Map<string, Passage[]>();
  /** The latest messages of the events topic. */
  readonly latest: Carried[] = [];
  readonly #pubsub: PubSub;
  readonly #subscriptions: Subscription[] = [];

  private constructor(pubsub: PubSub) {
    this.#pubsub = pubsub;
  }

  /**
   * Makes the topics and its subscriptions before anything is published.
   *
   * @param pubsub a client of the emulator; closed by who made it
   */
  static async start(pubsub: PubSub): Promise<CarriedWatch> {
    const watch = new CarriedWatch(pubsub);
    for (const topic of [EVENTS_TOPIC, OBSERVATIONS_TOPIC]) await watch.#subscribe(topic);
    return watch;
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }

  async #subscribe(topic: string): Promise<void> {
    const name = `fault-suite-${topic}`;
    await this.#pubsub.createTopic(topic);
    await this.#pubsub.topic(topic).createSubscription(name, { ackDeadlineSeconds: 600 });
    const subscription = this.#pubsub.subscription(name, { streamingOptions: { maxStreams: 1 } });
    this.#subscriptions.push(subscription);
    subscription.on('error', () => undefined);
    subscription.on('message', (message) => {
      const { attributes, data, orderingKey = '', publishTime } = message;
      const eventId = attributes.event_id ?? '';
      const passage = {
        publishedAt: publishTime.toISOString(),
        carriedAgain: attributes.carried_again,
      };
      this.carried.set(eventId, [...(this.carried.get(eventId) ?? []), passage]);
      if (topic === EVENTS_TOPIC) {
        this.latest.push({ data, attributes, orderingKey });
        if (this.latest.length > 1_000) this.latest.shift();
      }
      message.ack();
    });
  }
}
