import type { CanonicalEvent } from '#schemas/event.ts';

/** While the machine's clock stands still an instant can have any number of events. */
const MAX_IDS = 100_000;

/**
 * Which events were received at the latest instant: an id that comes twice within a millisecond is one
 * in the outbox, and must be one in the count. Times of receipt never go back, so one instant is enough.
 */
export class SameInstant {
  #receivedAt = '';
  /** Most instants have one event: its id alone costs no set. */
  #first = '';
  readonly #others = new Set<string>();

  /** How many of the events came before at the same instant, in an earlier call or in this one. */
  repetitions(events: readonly CanonicalEvent[]): number {
    let repetitions = 0;
    for (const { event_id, received_at } of events) {
      if (received_at !== this.#receivedAt) {
        this.#receivedAt = received_at;
        this.#first = event_id;
        if (this.#others.size > 0) this.#others.clear();
      } else if (event_id === this.#first || this.#others.has(event_id)) repetitions += 1;
      else if (this.#others.size < MAX_IDS) this.#others.add(event_id);
    }
    return repetitions;
  }
}
