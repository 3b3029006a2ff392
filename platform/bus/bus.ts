/** A message to publish. Attribute values are strings; `data` is JSON text. */
export interface BusMessage {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Messages with the same key reach each subscription in the order they were published. */
  readonly orderingKey: string;
}

/** A message as a subscription receives it. */
export interface Delivery extends BusMessage {
  readonly messageId: string;
  /** 1 for the first delivery; counts nacks and expired leases of this subscription. */
  readonly attempt: number;
  readonly publishedAtMs: number;
}

/**
 * Called once per delivery. Resolving acknowledges; throwing asks for redelivery after a back-off.
 * While a delivery is unsettled, no later message of its ordering key is delivered, unless the
 * subscription is opened without order.
 *
 * @param signal aborts when the lease has expired or the subscription closes without waiting
 */
export type DeliveryHandler = (delivery: Delivery, signal: AbortSignal) => Promise<void>;

export interface SubscriptionOptions {
  /** Deliveries under way at once, over all ordering keys. Default 64. */
  readonly maxInFlight?: number;
  /**
   * False hands out messages of one key side by side, also while an earlier one is unsettled: for
   * handlers that need no order and would otherwise wait for every message of a busy key. Default true.
   */
  readonly ordered?: boolean;
  /** A delivery not settled in this time is delivered again. Default 60,000 ms. */
  readonly leaseMs?: number;
  /** Redelivery waits minMs, then twice as long each time up to maxMs. Default 100 and 60,000 ms. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  /** After maxAttempts the message moves to the topic. Without it, attempts have no end. */
  readonly deadLetter?: { readonly topic: string; readonly maxAttempts: number };
}

/** An open subscription. */
export interface Subscription {
  /**
   * Takes no more messages, waits for handlers under way, keeps what they settled. What it has received
   * and no handler has yet may still be handled, for a short time; the rest goes to the next reader.
   */
  close(): Promise<void>;
}

/** Carries messages from publishers to subscriptions, at least once, in order per key. */
export interface Bus {
  /** True when a confirmed publish alone survives the loss of the machine's power. */
  readonly durable: boolean;

  /** Most bytes that one message may have: data, attributes and key together. */
  readonly maxMessageBytes: number;

  /**
   * Asks whether a publish to the topic can be expected to work now.
   *
   * @throws BusUnavailable, PermissionMissing or ResourceMissing when not
   */
  check(topic: string): Promise<void>;

  /**
   * Publishes messages in the order given.
   *
   * @returns once every message is confirmed
   * @throws EventTooLarge when a message has more than maxMessageBytes; none was sent
   * @throws BusUnavailable when any was not confirmed; each of them may still have been carried
   * @throws PermissionMissing, ResourceMissing when an operator must act first
   */
  publish(topic: string, messages: readonly BusMessage[]): Promise<void>;

  /** Makes the durable subscription if it is new. It holds what is published from then on. */
  createSubscription(topic: string, name: string): Promise<void>;

  /** Receives a durable subscription's messages, also those an earlier process left unsettled. */
  subscribe(
    topic: string,
    name: string,
    handler: DeliveryHandler,
    options?: SubscriptionOptions,
  ): Promise<Subscription>;

  /**
   * Messages that a durable subscription has not settled, whether it is open or not; absent where the
   * bus cannot tell, as Pub/Sub's own metrics do.
   *
   * @returns undefined when there is no such subscription here
   */
  backlog?(topic: string, name: string): number | undefined;

  /** Shows messages as they are published, for a live view: nothing is kept, settled or redelivered. */
  watch(topic: string, onMessage: (message: BusMessage) => void): Promise<Subscription>;

  /** Returns once all confirmed messages would survive the loss of power. */
  sync(): Promise<void>;

  /** Closes every subscription and releases what the bus holds. */
  close(): Promise<void>;
}
