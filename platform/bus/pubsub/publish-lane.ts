import type { EncodedMessage, WireMessage } from './message-limits.ts';
import { MAX_REQUEST_BYTES } from './message-limits.ts';
import type { PublishCall } from './publish-call.ts';

/** Google's bound of messages in a publish request. */
const MAX_BATCH_MESSAGES = 1_000;
/** The topic's name and what else stands beside the messages. */
const REQUEST_HEAD_BYTES = 400;

/** A message on its way, and the call that waits for it. */
export interface PublishItem extends EncodedMessage {
  readonly call: PublishCall;
}

/**
 * What waits to be published under one ordering key. A request carries one key only (Pub/Sub refuses
 * others with FAILED_PRECONDITION), and the next request of the key waits for the answer to the one
 * before, so that a failure cannot let a later message overtake.
 */
export class PublishLane {
  readonly orderingKey: string;
  #waiting: PublishItem[] = [];
  inFlight = false;

  constructor(orderingKey: string) {
    this.orderingKey = orderingKey;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(item: PublishItem): void {
    this.#waiting.push(item);
  }

  /** Takes as many messages as one request holds, in order. */
  takeBatch(): PublishItem[] {
    const waiting = this.#waiting;
    let bytes = REQUEST_HEAD_BYTES;
    let count = 0;
    for (const { requestBytes } of waiting) {
      bytes += requestBytes;
      // The first one always fits: larger messages were refused.
      if (count > 0 && (count === MAX_BATCH_MESSAGES || bytes > MAX_REQUEST_BYTES)) break;
      count += 1;
    }
    this.#waiting = waiting.slice(count);
    return count === waiting.length ? waiting : waiting.slice(0, count);
  }

  /** Takes all that waits. */
  takeAll(): PublishItem[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

export function wireOf(items: readonly PublishItem[]): WireMessage[] {
  return items.map(({ wire }) => wire);
}
