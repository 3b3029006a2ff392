/** A message as it came, to be settled once. */
export interface InboxMessage {
  readonly id: string;
  /** Empty or absent where nothing orders it. */
  readonly orderingKey?: string | undefined;
  /** Pub/Sub's count, from 1; 0 where it does not count. */
  readonly deliveryAttempt: number;
  ack(): void;
  nack(): void;
}

/** A message to deliver, with every copy of it that came: they are settled together. */
export interface InboxEntry<Message extends InboxMessage> {
  readonly copies: [Message, ...Message[]];
  /** Failures of this message that were seen here. */
  readonly failures: number;
}

interface Entry<Message extends InboxMessage> extends InboxEntry<Message> {
  readonly lane: Lane<Message> | undefined;
}

interface Lane<Message extends InboxMessage> {
  readonly key: string;
  /** In the order they came, behind the one that is ready, under way or awaited. */
  readonly held: Entry<Message>[];
  /** What failed and was handed back: nothing of the key goes on before it is here again. */
  awaited: { readonly id: string; readonly failures: number } | undefined;
}

/**
 * Decides what may be handled next. Google's Node client hands out messages of one key all at once,
 * so the order is kept here: of each key one message is under way, and the others wait.
 *
 * A message that failed is handed back to Pub/Sub, and the later ones of its key wait for its return.
 * Handing them back as well would cost each of them a delivery attempt, and so their way into the
 * dead letters beside it. Pub/Sub brings them once more after the failed one (its emulator does not);
 * such copies join what waits. The caller bounds the wait: the failed message may return elsewhere.
 */
export class OrderedInbox<Message extends InboxMessage> {
  readonly #ready: Entry<Message>[] = [];
  readonly #lanes = new Map<string, Lane<Message>>();
  readonly #byId = new Map<string, Entry<Message>>();
  readonly #ordered: boolean;
  #isEnding = false;

  /** @param ordered false takes every message as one without a key */
  constructor(ordered = true) {
    this.#ordered = ordered;
  }

  /** Messages here that are not settled. */
  get size(): number {
    return this.#byId.size;
  }

  add(message: Message): void {
    const known = this.#byId.get(message.id);
    if (known) {
      known.copies.push(message);
      return;
    }
    const key = this.#ordered ? (message.orderingKey ?? '') : '';
    const lane = this.#lanes.get(key);
    if (key === '') {
      this.#enter({ copies: [message], failures: 0, lane: undefined }, this.#ready);
    } else if (!lane) {
      const opened = { key, held: [], awaited: undefined };
      this.#lanes.set(opened.key, opened);
      this.#enter({ copies: [message], failures: 0, lane: opened }, this.#ready);
    } else if (lane.awaited?.id === message.id) {
      const { failures } = lane.awaited;
      lane.awaited = undefined;
      this.#enter({ copies: [message], failures, lane }, this.#ready);
    } else {
      this.#enter({ copies: [message], failures: 0, lane }, lane.held);
      if (lane.awaited && this.#isEnding) this.#handBack(lane);
    }
  }

  /** @returns what to handle next, or undefined when all that is here waits */
  take(): InboxEntry<Message> | undefined {
    return this.#ready.shift();
  }

  /** Acknowledges a message that was taken; the next one of its key becomes ready. */
  succeed(taken: InboxEntry<Message>): void {
    const entry = this.#leave(taken);
    for (const copy of entry.copies) copy.ack();
    if (entry.lane) this.#goOn(entry.lane);
  }

  /**
   * Hands a message back that was taken, and holds its key until it returns.
   *
   * @returns ends the waiting, if the message has not returned: hands back what is held
   */
  fail(taken: InboxEntry<Message>): () => void {
    const entry = this.#leave(taken);
    const [{ id }] = entry.copies;
    for (const copy of entry.copies) copy.nack();
    const { lane } = entry;
    if (!lane) return () => {};
    const awaited = { id, failures: entry.failures + 1 };
    lane.awaited = awaited;
    if (this.#isEnding) this.#handBack(lane);
    return () => {
      if (lane.awaited !== awaited) return;
      lane.awaited = undefined;
      this.#handBack(lane);
      this.#lanes.delete(lane.key);
    };
  }

  /** From now on nothing waits for the return of a failed message: what is behind it is handed back. */
  endWaiting(): void {
    this.#isEnding = true;
    for (const lane of this.#lanes.values()) if (lane.awaited) this.#handBack(lane);
  }

  /** Hands back what is ready, and what is behind it, in order. */
  handBackReady(): void {
    for (const entry of this.#ready.splice(0)) {
      this.#nack(entry);
      // Its key has nothing under way, so what it holds goes too, and it ends.
      if (entry.lane) this.#lanes.delete(entry.lane.key);
      if (entry.lane) this.#handBack(entry.lane);
    }
  }

  /** Hands back all that is not under way. */
  handBackAll(): void {
    this.handBackReady();
    for (const lane of this.#lanes.values()) this.#handBack(lane);
  }

  #enter(entry: Entry<Message>, queue: Entry<Message>[]): void {
    this.#byId.set(entry.copies[0].id, entry);
    queue.push(entry);
  }

  #leave(taken: InboxEntry<Message>): Entry<Message> {
    const entry = taken as Entry<Message>;
    this.#byId.delete(entry.copies[0].id);
    return entry;
  }

  #goOn(lane: Lane<Message>): void {
    const next = lane.held.shift();
    if (next) this.#ready.push(next);
    else this.#lanes.delete(lane.key);
  }

  #handBack(lane: Lane<Message>): void {
    for (const entry of lane.held.splice(0)) this.#nack(entry);
  }

  #nack(entry: Entry<Message>): void {
    this.#leave(entry);
    for (const copy of entry.copies) copy.nack();
  }
}
