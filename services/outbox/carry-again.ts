import type { Bus } from '#platform/bus/bus.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { type OutboxRow, rowToEvent } from './event-row.ts';
import { publishEvents } from './publish-events.ts';
import { RecentEvents } from './recent-events.ts';

/** Events whose confirmation is waited for together: a slow bus must get through so many in its time. */
const MOST = 500;
const LEAST = 20;

/**
 * Publishes outbox rows again, as many at a time as the bus confirms: after a failure half as many, after
 * a success twice as many. A part that fails is published whole the next time, so parts that are too
 * large for a slow bus would fill it with repetitions, which make it slower still.
 */
export class CarryAgain {
  readonly #bus: Bus;
  #size = MOST;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * @param pages rows in the order of receipt; a repeated row of an event is passed over
   * @param before called before each part is published; what it throws ends the work
   * @param reached told up to which time of receipt the bus has confirmed all
   * @returns events that were published
   */
  async carry(
    pages: AsyncIterable<readonly OutboxRow[]>,
    before: (through: string) => void,
    reached: (through: string) => void,
  ): Promise<number> {
    const carried = new RecentEvents();
    let published = 0;
    for await (const rows of pages) {
      for (let start = 0; start < rows.length; ) {
        const part = rows.slice(start, start + this.#size).map(rowToEvent);
        start += part.length;
        const through = part.at(-1)?.received_at ?? '';
        const events = withoutRepetitions(part).filter(({ event_id }) => !carried.has(event_id));
        before(through);
        await this.#publish(events);
        for (const { event_id } of events) carried.add(event_id);
        reached(through);
        published += events.length;
      }
    }
    return published;
  }

  async #publish(events: readonly CanonicalEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await publishEvents(this.#bus, events, { carried_again: 'relay' });
      this.#size = Math.min(MOST, this.#size * 2);
    } catch (error) {
      this.#size = Math.max(LEAST, Math.floor(this.#size / 2));
      throw error;
    }
  }
}

/** The first of each event. */
function withoutRepetitions(events: readonly CanonicalEvent[]): CanonicalEvent[] {
  const ids = new Set<string>();
  return events.filter(({ event_id }) => ids.size < ids.add(event_id).size);
}
