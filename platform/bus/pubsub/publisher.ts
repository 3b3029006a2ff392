import type { Problem } from '#schemas/problem.ts';
import { BusUnavailable } from '#schemas/problems.ts';
import type { BusMessage } from '../bus.ts';
import { encodeMessage, type WireMessage } from './message-limits.ts';
import { PublishCall } from './publish-call.ts';
import { type PublishItem, PublishLane, wireOf } from './publish-lane.ts';
import type { PublishRoom } from './publish-room.ts';

export interface PublisherOptions {
  /** Sends one request. Resolves when Pub/Sub has confirmed every message of it. */
  readonly send: (messages: WireMessage[]) => Promise<void>;
  readonly timeoutMs: number;
  /** Shared by all topics of the bus. */
  readonly room: PublishRoom;
}

/**
 * Publishes to one topic. A message waits for nothing but the answer to an earlier one of its key;
 * what gathers meanwhile goes together. There is no timer and no buffer to flush.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #lanes = new Map<string, PublishLane>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** @throws EventTooLarge, InvalidRequest or BusUnavailable (no room) before anything is sent */
  publish(messages: readonly BusMessage[]): PublishCall {
    const { room, timeoutMs } = this.#options;
    const encoded = messages.map(encodeMessage);
    room.take(
      encoded.length,
      encoded.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
    );
    const call = new PublishCall(encoded.length, timeoutMs);
    const touched = new Set<PublishLane>();
    for (const { wire, requestBytes } of encoded) {
      const lane = this.#lane(wire.orderingKey);
      lane.add({ wire, requestBytes, call });
      touched.add(lane);
    }
    for (const lane of touched) this.#sendNext(lane);
    return call;
  }

  #lane(orderingKey: string): PublishLane {
    const existing = this.#lanes.get(orderingKey);
    if (existing) return existing;
    const lane = new PublishLane(orderingKey);
    this.#lanes.set(orderingKey, lane);
    return lane;
  }

  #sendNext(lane: PublishLane): void {
    // Messages without a key have no order, so their requests go side by side.
    while (!lane.inFlight && !lane.isEmpty) {
      const batch = lane.takeBatch();
      const items = batch.filter(({ call }) => !call.isOver);
      if (items.length < batch.length) this.#drop(batch.filter(({ call }) => call.isOver));
      if (items.length === 0) continue;
      lane.inFlight = lane.orderingKey !== '';
      this.#options.send(wireOf(items)).then(
        () => this.#onConfirmed(lane, items),
        (problem: Problem) => this.#onFailed(lane, items, problem),
      );
    }
    if (!lane.inFlight) this.#lanes.delete(lane.orderingKey);
  }

  #onConfirmed(lane: PublishLane, items: readonly PublishItem[]): void {
    for (const item of items) {
      this.#options.room.release(item);
      item.call.confirm();
    }
    lane.inFlight = false;
    this.#sendNext(lane);
  }

  /** The next publish of the key starts afresh: a failure never leaves a key paused. */
  #onFailed(lane: PublishLane, items: readonly PublishItem[], problem: Problem): void {
    this.#fail(items, problem);
    lane.inFlight = false;
    // What waits behind would overtake what failed, which the relay will publish again.
    if (!lane.isEmpty) this.#fail(lane.takeAll(), behind(problem));
    this.#lanes.delete(lane.orderingKey);
  }

  #fail(items: readonly PublishItem[], problem: Problem): void {
    for (const item of items) {
      this.#options.room.release(item);
      item.call.fail(problem);
    }
  }

  #drop(items: readonly PublishItem[]): void {
    for (const item of items) this.#options.room.release(item);
  }
}

function behind(cause: Problem): BusUnavailable {
  return new BusUnavailable('An earlier message of the same ordering key was not confirmed.', {
    cause,
    retryAfterSeconds: cause.retryAfterSeconds ?? 5,
  });
}
