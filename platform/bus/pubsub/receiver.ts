import {
  Duration,
  type Message,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub';
import { BusUnavailable } from '#schemas/problems.ts';
import { boundLeaseExtension } from './lease-extension.ts';
import { endPull } from './pull-end.ts';

export interface ReceiverOptions {
  readonly pubsub: PubSub;
  /** Full name of the subscription. */
  readonly subscription: string;
  readonly onMessage: (message: Message) => void;
  /** Told why the stream ended for good, or why acknowledging failed; the receiver goes on. */
  readonly onError: (error: unknown) => void;
  /** Called before the stream opens again: what was received cannot be settled any more. */
  readonly beforeReopening: () => Promise<void>;
  /** Most messages that may be here unsettled. */
  readonly maxMessages: number;
  /** How long an unsettled message is kept from others while this process lives. */
  readonly maxHoldMs: number;
  /** Longest wait of a close for messages to be settled. */
  readonly closeTimeoutMs: number;
}

/** Memory that received messages may take. */
const MAX_BYTES = 64 * 1024 ** 2;
/** After this time a killed process's messages go to others: long enough for a lost extension. */
const ACK_DEADLINE_SECONDS = { min: 10, max: 60 };
/** The client's 100 ms would be added to every redelivery. */
const SETTLE_BATCH_MS = 10;
const FIRST_REOPEN_MS = 1_000;
const MAX_REOPEN_MS = 30_000;
/** The client keeps the last second of a close for handing back what is left. */
const FINAL_NACK_MS = 1_000;

/**
 * Keeps a streaming pull open. The client itself reconnects after the errors that pass by; after the
 * others (a deleted subscription, a permission taken away) it closes, and this opens it again, less
 * and less often, as an operator may put things right.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  #stream: Subscription | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #reopenMs = FIRST_REOPEN_MS;
  #closed = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  open(): void {
    const { pubsub, subscription, maxMessages, maxHoldMs, closeTimeoutMs } = this.#options;
    const stream = pubsub.subscription(subscription, {
      minAckDeadline: Duration.from({ seconds: ACK_DEADLINE_SECONDS.min }),
      maxAckDeadline: Duration.from({ seconds: ACK_DEADLINE_SECONDS.max }),
      maxExtensionTime: Duration.from({ milliseconds: maxHoldMs }),
      flowControl: { maxMessages, maxBytes: MAX_BYTES },
      batching: { maxMilliseconds: SETTLE_BATCH_MS },
      streamingOptions: {
        // One stream brings the messages of a key in order, and 10 MB/s.
        maxStreams: 1,
        retryMaxBackoff: Duration.from({ seconds: 5 }),
      },
      closeOptions: {
        behavior: SubscriptionCloseBehaviors.WaitForProcessing,
        timeout: Duration.from({ milliseconds: closeTimeoutMs + FINAL_NACK_MS }),
      },
    });
    this.#stream = stream;
    boundLeaseExtension(stream);
    stream.on('error', (error) => {
      this.#options.onError(error);
      this.#reopenLater(stream);
    });
    stream.on('close', () => this.#reopenLater(stream));
    stream.on('debug', (note) => {
      // Only failed acknowledgements carry ids; the rest tells of streams that reconnect.
      if (note.error && 'ackIds' in note.error) this.#options.onError(note.error);
    });
    stream.on('message', (message) => {
      this.#reopenMs = FIRST_REOPEN_MS;
      this.#options.onMessage(message);
    });
  }

  /**
   * Asks for no more messages; what Pub/Sub had sent still comes, before this resolves.
   *
   * @param limitMs longest wait for Pub/Sub's end
   */
  async end(limitMs: number): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reopening);
    if (!this.#stream || (await endPull(this.#stream, limitMs))) return;
    this.#options.onError(
      new BusUnavailable(
        `Pub/Sub did not end a pull within ${Math.round(limitMs)} ms. What was on its way comes again after its ack deadline.`,
      ),
    );
  }

  /** Receives nothing more. Waits until all that was received is settled, and Pub/Sub knows. */
  async close(): Promise<void> {
    await this.end(this.#options.closeTimeoutMs);
    await this.#stream?.close();
  }

  #reopenLater(stream: Subscription): void {
    if (this.#closed || this.#reopening || stream !== this.#stream) return;
    this.#reopening = setTimeout(() => {
      void this.#reopen(stream).finally(() => {
        this.#reopening = undefined;
        if (!this.#stream?.isOpen && this.#stream) this.#reopenLater(this.#stream);
      });
    }, this.#reopenMs).unref();
    this.#reopenMs = Math.min(MAX_REOPEN_MS, this.#reopenMs * 2);
  }

  async #reopen(stream: Subscription): Promise<void> {
    // Some errors pass by without ending the stream.
    if (stream.isOpen) return;
    try {
      await this.#options.beforeReopening();
      if (!this.#closed) this.open();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
