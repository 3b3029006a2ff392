import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BusUnavailable, EventTooLarge } from '#schemas/problems.ts';
import type {
  Bus,
  BusMessage,
  DeliveryHandler,
  Subscription,
  SubscriptionOptions,
} from '../bus.ts';
import { isLarger, messageBytes } from '../message-size.ts';
import { checkName } from './names.ts';
import { resolveOptions } from './subscription-options.ts';
import { DurableTopic, noSubscription } from './topic.ts';
import { Watchers } from './watchers.ts';

export interface InProcessBusOptions {
  /** Folder of the logs and cursors. One process at a time may use it. */
  readonly dataDir: string;
  /** Most bytes a topic's log takes before publishing is refused. Default 1 GiB. */
  readonly maxLogBytes?: number;
  /** Size of the files a log is deleted by. Default 32 MiB, at most a quarter of maxLogBytes. */
  readonly segmentBytes?: number;
  /** What power loss can cost: confirmed messages of this time. Default 1,000 ms. */
  readonly syncIntervalMs?: number;
  /** Longest wait of a close for handlers under way: in time for the end of a SIGTERM. Default 5,000 ms. */
  readonly closeTimeoutMs?: number;
  /** The time, in ms since 1970. Default Date.now. */
  readonly clock?: () => number;
  /** Told what an operator should know, such as a torn tail cut off. Default process.emitWarning. */
  readonly onWarning?: (text: string) => void;
}

/** Pub/Sub's bound: what fits here fits there. */
const MAX_MESSAGE_BYTES = 9_997_952;
const NOTHING_TO_DO = Promise.resolve();

/**
 * Opens the bus that lives in one process: what its durable subscriptions have not confirmed is
 * kept in files and carried again after a restart. A confirmed publish survives the end of the
 * process; the loss of power only after `sync` or syncIntervalMs.
 */
export async function openInProcessBus(options: InProcessBusOptions): Promise<Bus> {
  const bus = new InProcessBus(options);
  await mkdir(options.dataDir, { recursive: true });
  for (const folder of await readdir(options.dataDir, { withFileTypes: true })) {
    if (folder.isDirectory()) await bus.openTopic(folder.name);
  }
  return bus;
}

class InProcessBus implements Bus {
  readonly durable = false;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #options: Required<InProcessBusOptions>;
  readonly #topics = new Map<string, DurableTopic>();
  readonly #watchers = new Watchers();
  /** One at a time, so that two callers make one topic. */
  #creating: Promise<void> = NOTHING_TO_DO;
  #closing: Promise<void> | undefined;

  constructor(options: InProcessBusOptions) {
    const maxLogBytes = options.maxLogBytes ?? 1024 ** 3;
    const segmentBytes = Math.min(options.segmentBytes ?? 32 * 1024 ** 2, maxLogBytes / 4);
    this.#options = {
      dataDir: options.dataDir,
      maxLogBytes,
      segmentBytes,
      syncIntervalMs: options.syncIntervalMs ?? 1_000,
      closeTimeoutMs: options.closeTimeoutMs ?? 5_000,
      clock: options.clock ?? Date.now,
      onWarning: options.onWarning ?? ((text) => process.emitWarning(text)),
    };
  }

  async check(): Promise<void> {
    this.#requireOpen();
  }

  // Not async: without subscriptions a message costs no promise and no turn of the event loop.
  publish(topic: string, messages: readonly BusMessage[]): Promise<void> {
    if (this.#closing) return Promise.reject(closed());
    return this.#carry(topic, messages);
  }

  createSubscription(topic: string, name: string): Promise<void> {
    const created = this.#creating.then(async () => {
      this.#requireOpen();
      checkName('topic', topic);
      checkName('subscription', name);
      const durable = this.#topics.get(topic) ?? (await this.openTopic(topic));
      await durable.createSubscription(name);
    });
    this.#creating = created.catch(() => {});
    return created;
  }

  async subscribe(
    topic: string,
    name: string,
    handler: DeliveryHandler,
    options: SubscriptionOptions = {},
  ): Promise<Subscription> {
    this.#requireOpen();
    const resolved = resolveOptions(topic, options);
    const durable = this.#topics.get(topic);
    if (!durable) throw noSubscription(topic, name);
    return durable.subscribe({
      name,
      handler,
      options: resolved,
      closeTimeoutMs: this.#options.closeTimeoutMs,
      // Also while the bus closes: a last failure still finds its dead-letter topic.
      publish: (deadLetterTopic, messages) => this.#carry(deadLetterTopic, messages),
    });
  }

  backlog(topic: string, name: string): number | undefined {
    return this.#topics.get(topic)?.backlog(name);
  }

  async watch(topic: string, onMessage: (message: BusMessage) => void): Promise<Subscription> {
    this.#requireOpen();
    checkName('topic', topic);
    return this.#watchers.add(topic, onMessage);
  }

  async sync(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic.sync()));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async openTopic(name: string): Promise<DurableTopic> {
    const { dataDir, maxLogBytes, segmentBytes, syncIntervalMs, onWarning } = this.#options;
    const folder = join(dataDir, name);
    const options = { folder, maxLogBytes, segmentBytes, syncIntervalMs, warn: onWarning };
    const topic = await DurableTopic.open(name, options, (message) =>
      this.#watchers.show(name, message),
    );
    this.#topics.set(name, topic);
    return topic;
  }

  #carry(topic: string, messages: readonly BusMessage[]): Promise<void> {
    const durable = this.#topics.get(topic);
    if (!durable?.hasSubscriptions) {
      if (this.#watchers.watches(topic)) {
        for (const message of messages) this.#watchers.show(topic, message);
      }
      return NOTHING_TO_DO;
    }
    if (messages.length === 0) return NOTHING_TO_DO;
    const tooLarge = messages.find((message) => isLarger(message, MAX_MESSAGE_BYTES));
    if (tooLarge !== undefined) {
      return Promise.reject(
        new EventTooLarge(
          `A message of ${messageBytes(tooLarge)} bytes is larger than the ${MAX_MESSAGE_BYTES} the bus carries. Send less data in one event.`,
        ),
      );
    }
    return durable.publish(messages, this.#options.clock());
  }

  async #close(): Promise<void> {
    await this.#creating;
    const topics = [...this.#topics.values()];
    // All consumers first: a last failure in one topic may publish to the dead letters of another.
    await Promise.all(topics.map((topic) => topic.closeConsumers()));
    await Promise.all(topics.map((topic) => topic.close()));
    this.#watchers.clear();
  }

  #requireOpen(): void {
    if (this.#closing) throw closed();
  }
}

function closed(): BusUnavailable {
  return new BusUnavailable('The bus is closed: open a new one.');
}
