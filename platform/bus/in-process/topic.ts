import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BusUnavailable, InvalidRequest } from '#schemas/problems.ts';
import type { BusMessage, Subscription } from '../bus.ts';
import { Consumer, type ConsumerParts } from './consumer.ts';
import { Cursor, type CursorState } from './cursor.ts';
import { CursorFile, cursorText, readCursor } from './cursor-file.ts';
import { replaceFile, syncFolder } from './files.ts';
import { TopicLog, type TopicLogOptions } from './topic-log.ts';

const CURSOR_SUFFIX = '.cursor.json';

/** A durable subscription: its cursor and, while it is open, its consumer. */
interface DurableSubscription {
  readonly name: string;
  readonly cursorFile: CursorFile;
  consumer: Consumer | undefined;
}

export type TopicOptions = Omit<TopicLogOptions, 'next'>;

/** What `subscribe` adds to what the topic knows. */
export type ConsumerSettings = Omit<ConsumerParts, 'log' | 'cursorFile' | 'onClosed'>;

/** A topic with at least one durable subscription: its log, and how far each subscription has come. */
export class DurableTopic {
  readonly #name: string;
  readonly #options: TopicOptions;
  readonly #log: TopicLog;
  readonly #subscriptions = new Map<string, DurableSubscription>();

  private constructor(
    name: string,
    options: TopicOptions,
    cursors: ReadonlyMap<string, Cursor>,
    log: TopicLog,
  ) {
    this.#name = name;
    this.#options = options;
    this.#log = log;
    for (const [subscription, cursor] of cursors) this.#register(subscription, cursor);
  }

  /**
   * Opens the topic's folder, which may be new or hold what an earlier process left.
   *
   * @param onCarried called with messages once they are written
   */
  static async open(
    name: string,
    options: TopicOptions,
    onCarried: (message: BusMessage) => void,
  ): Promise<DurableTopic> {
    if (await mkdir(options.folder, { recursive: true })) await syncFolder(dirname(options.folder));
    const cursors = new Map<string, Cursor>();
    for (const file of await readdir(options.folder)) {
      if (!file.endsWith(CURSOR_SUFFIX)) continue;
      const cursor = await readCursor(join(options.folder, file), options.warn);
      cursors.set(file.slice(0, -CURSOR_SUFFIX.length), cursor);
    }
    const next = Math.max(0, ...cursors.values().map(({ readTo }) => readTo));
    const log = await TopicLog.open({ ...options, next }, (batch, segment, offset) => {
      for (const { message } of batch.messages) onCarried(message);
      for (const { consumer } of topic.#subscriptions.values()) {
        consumer?.onWritten(batch, segment, offset);
      }
    });
    const topic = new DurableTopic(name, options, cursors, log);
    topic.#trim();
    return topic;
  }

  get hasSubscriptions(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** @throws BusUnavailable when the messages are not written, or there is no room for them */
  publish(messages: readonly BusMessage[], nowMs: number): Promise<void> {
    const written = this.#log.append(messages, nowMs);
    if (written) return written;
    const behind = this.#furthestBehind();
    this.#log.reclaim(behind ? behind.cursorFile.cursor.low : this.#log.next);
    return this.#log.append(messages, nowMs) ?? Promise.reject(this.#full(behind));
  }

  /** Makes the subscription if it is new; survives the loss of power when it returns. */
  async createSubscription(name: string): Promise<void> {
    if (this.#subscriptions.has(name)) return;
    const state: CursorState = { readTo: this.#log.next, unsettled: [] };
    await replaceFile(this.#cursorPath(name), cursorText(state), true);
    this.#register(name, new Cursor(state));
  }

  /** @throws InvalidRequest when there is no such subscription, or it is open already */
  subscribe(settings: ConsumerSettings): Subscription {
    const subscription = this.#subscriptions.get(settings.name);
    if (!subscription) throw noSubscription(this.#name, settings.name);
    if (subscription.consumer) {
      throw new InvalidRequest(
        `Subscription ${settings.name} of topic ${this.#name} is already open in this process: close it first, or raise its maxInFlight.`,
      );
    }
    const onClosed = () => {
      subscription.consumer = undefined;
    };
    const { cursorFile } = subscription;
    const consumer = new Consumer({ ...settings, log: this.#log, cursorFile, onClosed });
    subscription.consumer = consumer;
    consumer.start();
    return consumer;
  }

  /** Messages a subscription has not settled; undefined when there is none of the name. */
  backlog(name: string): number | undefined {
    const cursor = this.#subscriptions.get(name)?.cursorFile.cursor;
    return cursor && cursor.unsettledCount + this.#log.next - cursor.readTo;
  }

  sync(): Promise<void> {
    return this.#log.sync();
  }

  /** Stops the deliveries; publishing goes on. */
  async closeConsumers(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map(({ consumer }) => consumer?.close()));
  }

  async close(): Promise<void> {
    await this.closeConsumers();
    this.#trim();
    await this.#log.close();
  }

  #register(name: string, cursor: Cursor): void {
    const path = this.#cursorPath(name);
    const cursorFile = new CursorFile(path, cursor, () => this.#trim(), this.#options.warn);
    this.#subscriptions.set(name, { name, cursorFile, consumer: undefined });
  }

  #cursorPath(name: string): string {
    return join(this.#options.folder, name + CURSOR_SUFFIX);
  }

  #trim(): void {
    const behind = this.#furthestBehind();
    this.#log.trim(behind ? behind.cursorFile.cursor.low : this.#log.next);
  }

  #furthestBehind(): DurableSubscription | undefined {
    let behind: DurableSubscription | undefined;
    for (const subscription of this.#subscriptions.values()) {
      const { low } = subscription.cursorFile.cursor;
      if (!behind || low < behind.cursorFile.cursor.low) behind = subscription;
    }
    return behind;
  }

  #full(behind: DurableSubscription | undefined): BusUnavailable {
    const { maxLogBytes } = this.#options;
    const place = `Topic ${this.#name} holds ${this.#log.bytes} bytes of at most ${maxLogBytes}`;
    if (!behind || this.#log.bytes < maxLogBytes / 2) {
      return new BusUnavailable(
        `${place}, and too much waits to be written at once: publish fewer messages at a time.`,
        { retryAfterSeconds: 1 },
      );
    }
    const messages = this.#log.next - behind.cursorFile.cursor.low;
    return new BusUnavailable(
      `${place}: subscription ${behind.name} is behind by ${messages} messages. Start its consumer or see why it fails; if it is no longer wanted, stop and delete ${behind.cursorFile.path}.`,
      { retryAfterSeconds: 10 },
    );
  }
}

export function noSubscription(topic: string, name: string): InvalidRequest {
  return new InvalidRequest(
    `Topic ${topic} has no subscription ${name}: call createSubscription first.`,
  );
}
