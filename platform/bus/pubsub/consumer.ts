import type { Message } from '@google-cloud/pubsub';
import { redeliveryDelayMs } from '../backoff.ts';
import type { BusMessage, Delivery, DeliveryHandler, Subscription } from '../bus.ts';
import { deadLetterMessage } from '../dead-letter.ts';
import { deliver, type Outcome } from '../lease.ts';
import { type InboxEntry, OrderedInbox } from './ordered-inbox.ts';
import type { Policy } from './policy.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { ResolvedOptions } from './subscription-options.ts';

export interface ConsumerOptions
  extends Pick<ReceiverOptions, 'pubsub' | 'subscription' | 'onError' | 'closeTimeoutMs'> {
  /** The subscription's short name, for its dead letters. */
  readonly name: string;
  readonly handler: DeliveryHandler;
  readonly options: ResolvedOptions;
  readonly policy: Policy;
  readonly publish: (topic: string, messages: readonly BusMessage[]) => Promise<void>;
  /** How much later than its back-off a failed message may return before its key goes on. */
  readonly redeliveryGraceMs: number;
  /** Makes sure that the subscription is there, before it is opened again after an error. */
  readonly ensure: () => Promise<void>;
  readonly onClosed: () => void;
}

type Entry = InboxEntry<Message>;

const MIN_HELD_MESSAGES = 1_000;
const HELD_PER_HANDLER = 4;
const MIN_HOLD_MS = 3_600_000;
/** Of the time for a close: how long it goes on with what it received, before it hands that back. */
const FINISH_SHARE = 0.6;

/** Hands a durable subscription's messages to one handler. */
export class Consumer implements Subscription {
  readonly #options: ConsumerOptions;
  readonly #inbox: OrderedInbox<Message>;
  readonly #receiver: Receiver;
  /** What aborts each delivery under way. */
  readonly #inFlight = new Map<Entry, () => void>();
  #closing: Promise<void> | undefined;
  /** While a close waits for it: resolved when all that was received is settled. */
  #finished: PromiseWithResolvers<void> | undefined;
  #isHandingBack = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { maxInFlight, ordered, leaseMs } = options.options;
    this.#inbox = new OrderedInbox(ordered);
    this.#receiver = new Receiver({
      ...options,
      onMessage: (message) => this.#onMessage(message),
      beforeReopening: () => {
        this.#inbox.handBackAll();
        return options.ensure();
      },
      closeTimeoutMs: options.closeTimeoutMs * (1 - FINISH_SHARE),
      maxMessages: Math.max(MIN_HELD_MESSAGES, maxInFlight * HELD_PER_HANDLER),
      maxHoldMs: Math.max(MIN_HOLD_MS, leaseMs * 2),
    });
  }

  /** Starts to receive. */
  start(): void {
    this.#receiver.open();
  }

  /**
   * Takes no more messages. Goes on with what it has for a while, as a message handed back loses an
   * attempt, waits out its back-off, and may come after later ones of its key; hands back the rest, and
   * waits for handlers under way.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #onMessage(message: Message): void {
    if (this.#isHandingBack) {
      message.nack();
      return;
    }
    this.#inbox.add(message);
    this.#deliverReady();
  }

  #deliverReady(): void {
    if (this.#isHandingBack) this.#inbox.handBackReady();
    while (this.#inFlight.size < this.#options.options.maxInFlight) {
      const entry = this.#inbox.take();
      if (!entry) return;
      this.#deliver(entry);
    }
  }

  #deliver(entry: Entry): void {
    const { handler, options } = this.#options;
    const onOutcome = (outcome: Outcome) => this.#onOutcome(entry, outcome);
    this.#inFlight.set(entry, () => {});
    this.#inFlight.set(entry, deliver(handler, toDelivery(entry), options.leaseMs, onOutcome));
  }

  #onOutcome(entry: Entry, outcome: Outcome): void {
    if (!this.#inFlight.has(entry)) return;
    const { deadLetter } = this.#options.policy;
    if (outcome.settled) {
      this.#inbox.succeed(entry);
      this.#land(entry);
    } else if (deadLetter && attemptOf(entry) >= deadLetter.maxAttempts) {
      void this.#moveToDeadLetter(entry, deadLetter.topic, outcome.error);
    } else {
      this.#handBack(entry);
    }
  }

  /** The message keeps its place in flight, and its key, until the dead-letter topic has it. */
  async #moveToDeadLetter(entry: Entry, topic: string, error: unknown): Promise<void> {
    const { name, publish, onError } = this.#options;
    const delivery = toDelivery(entry);
    try {
      await publish(topic, [deadLetterMessage(delivery, name, delivery.attempt, error)]);
    } catch (problem) {
      onError(problem);
      // Pub/Sub moves it by its own policy, or brings it once more.
      if (this.#inFlight.has(entry)) this.#handBack(entry);
      return;
    }
    if (!this.#inFlight.has(entry)) return;
    this.#inbox.succeed(entry);
    this.#land(entry);
  }

  #handBack(entry: Entry): void {
    const { policy, redeliveryGraceMs } = this.#options;
    const backoffMs = policy.backoff ? redeliveryDelayMs(attemptOf(entry), policy.backoff) : 0;
    const endWait = this.#inbox.fail(entry);
    setTimeout(endWait, backoffMs + redeliveryGraceMs).unref();
    this.#land(entry);
  }

  #land(entry: Entry): void {
    this.#inFlight.delete(entry);
    this.#deliverReady();
    if (this.#inbox.size === 0) this.#finished?.resolve();
  }

  async #close(): Promise<void> {
    const finishMs = this.#options.closeTimeoutMs * FINISH_SHARE;
    const untilMs = performance.now() + finishMs;
    this.#inbox.endWaiting();
    await this.#receiver.end(finishMs);
    await this.#finish(untilMs - performance.now());
    this.#isHandingBack = true;
    // Not what is behind a message under way: it would come to the next reader before that.
    this.#inbox.handBackReady();
    try {
      await this.#receiver.close();
    } finally {
      this.#abandonInFlight();
      this.#options.onClosed();
    }
  }

  async #finish(limitMs: number): Promise<void> {
    if (this.#inbox.size === 0) return;
    const finished = Promise.withResolvers<void>();
    this.#finished = finished;
    const stop = setTimeout(finished.resolve, limitMs);
    await finished.promise;
    clearTimeout(stop);
  }

  #abandonInFlight(): void {
    for (const [entry, abort] of this.#inFlight) {
      abort();
      this.#inbox.fail(entry);
    }
    // From here on late outcomes find nothing in flight.
    this.#inFlight.clear();
  }
}

function attemptOf({ copies, failures }: Entry): number {
  // Without a dead-letter policy Pub/Sub does not count, so at least this process does.
  return Math.max(copies.at(-1)?.deliveryAttempt ?? 0, failures + 1);
}

function toDelivery(entry: Entry): Delivery {
  const [message] = entry.copies;
  return {
    data: message.data.toString(),
    attributes: message.attributes,
    orderingKey: message.orderingKey ?? '',
    messageId: message.id,
    attempt: attemptOf(entry),
    publishedAtMs: message.publishTime.getTime(),
  };
}
