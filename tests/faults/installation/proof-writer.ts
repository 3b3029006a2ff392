import { setTimeout as delay } from 'node:timers/promises';
import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';
import { PUBLISHED } from '#schemas/tables.ts';
import {
  EVENTS_TOPIC,
  OBSERVATIONS_PUBLISHED_SUBSCRIPTION,
  OBSERVATIONS_TOPIC,
  PUBLISHED_SUBSCRIPTION,
} from '#schemas/topics.ts';
import type { Passage } from './installation.ts';

/** Seldom and many: each insert locks the emulator's tables for others. */
const WRITE_EVERY_MS = 1_000;
const MAX_ROWS = 1_000;

export interface ProofWriterOptions {
  /** A client of the emulator; closed by who made it. */
  readonly pubsub: PubSub;
  readonly projectId: string;
  readonly dataset: string;
  /** REST side of BigQuery as Pub/Sub reaches it: with BigQuery away, proofs wait. */
  readonly restEndpoint: string;
}

/** What of a message is wanted to carry it once more. */
export interface Carried {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/**
 * Does what Pub/Sub's BigQuery subscriptions do and the emulator does not: writes each message that the
 * topics carried into integration_events_published. Also knows by itself what was carried.
 */
export class ProofWriter {
  /** Messages of each event, written or not. */
  readonly carried = new Map<string, Passage[]>();
  /** The latest messages of the events topic. */
  readonly latest: Carried[] = [];
  readonly #options: ProofWriterOptions;
  readonly #closed = new AbortController();
  #waiting: { readonly message: Message; readonly row: object }[] = [];
  readonly #subscriptions: Subscription[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: ProofWriterOptions) {
    this.#options = options;
  }

  /** Makes the topics and their subscriptions before anything is published. */
  static async start(options: ProofWriterOptions): Promise<ProofWriter> {
    const writer = new ProofWriter(options);
    await writer.#subscribe(EVENTS_TOPIC, PUBLISHED_SUBSCRIPTION);
    await writer.#subscribe(OBSERVATIONS_TOPIC, OBSERVATIONS_PUBLISHED_SUBSCRIPTION);
    writer.#writing = writer.#write();
    return writer;
  }

  /** Messages that are not in the table yet. */
  get unwritten(): number {
    return this.#waiting.length;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#writing;
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }

  async #subscribe(topic: string, name: string): Promise<void> {
    const { pubsub } = this.#options;
    await pubsub.createTopic(topic);
    await pubsub.topic(topic).createSubscription(name, { ackDeadlineSeconds: 600 });
    const subscription = pubsub.subscription(name, {
      flowControl: { maxMessages: 100_000, allowExcessMessages: true },
      streamingOptions: { maxStreams: 1 },
    });
    this.#subscriptions.push(subscription);
    subscription.on('error', () => undefined);
    subscription.on('message', (message) => {
      const { attributes, data, id, orderingKey = '', publishTime } = message;
      const eventId = attributes.event_id ?? '';
      const publishedAt = publishTime.toISOString();
      const passage = { publishedAt, carriedAgain: attributes.carried_again };
      this.carried.set(eventId, [...(this.carried.get(eventId) ?? []), passage]);
      if (topic === EVENTS_TOPIC) {
        this.latest.push({ data, attributes, orderingKey });
        if (this.latest.length > 1_000) this.latest.shift();
      }
      const row = {
        subscription_name: name,
        message_id: id,
        publish_time: publishedAt,
        data: data.toString(),
        attributes: JSON.stringify(attributes),
      };
      this.#waiting.push({ message, row });
    });
  }

  async #write(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await delay(WRITE_EVERY_MS, undefined, { signal }).catch(() => undefined);
      const batch = this.#waiting.slice(0, MAX_ROWS);
      if (batch.length === 0 || !(await this.#insert(batch.map(({ row }) => row)))) continue;
      this.#waiting = this.#waiting.slice(batch.length);
      for (const { message } of batch) message.ack();
    }
  }

  async #insert(rows: readonly object[]): Promise<boolean> {
    const { restEndpoint, projectId, dataset } = this.#options;
    const table = `projects/${projectId}/datasets/${dataset}/tables/${PUBLISHED.name}`;
    try {
      const response = await fetch(`${restEndpoint}/bigquery/v2/${table}/insertAll`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows: rows.map((json) => ({ json })) }),
        signal: AbortSignal.any([AbortSignal.timeout(10_000), this.#closed.signal]),
      });
      const answer = (await response.json()) as { insertErrors?: readonly object[] };
      return response.ok && !answer.insertErrors?.length;
    } catch {
      // Away: the same rows again, as Pub/Sub does. What was written after all is there twice.
      return false;
    }
  }
}
