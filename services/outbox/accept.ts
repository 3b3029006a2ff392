import { escapeToken } from '#adapters/kit/json-pointer.ts';
import type { Bus } from '#platform/bus/bus.ts';
import { MAX_BYTES_PER_UNIT, messageBytes } from '#platform/bus/message-size.ts';
import type { Row } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { EventTooLarge, InvalidEvent } from '#schemas/problems.ts';
import { EventMessage } from './event-message.ts';
import { eventToRow } from './event-row.ts';
import { RecentEvents } from './recent-events.ts';
import { type StoreOptions, storeEvents } from './store-events.ts';

export interface Acceptance {
  /** Events made durable by this call. */
  readonly accepted: number;
  /** Events that were durable already. */
  readonly duplicates: number;
}

/** Takes canonical events; returns once all of them are durable. */
export type Accept = (events: readonly CanonicalEvent[]) => Promise<Acceptance>;

/**
 * Makes `accept`, the heart: outbox append and bus publish at the same time. Both confirmed is the
 * normal case. When patience is over, one confirmation is enough if that side is durable: the other
 * side is healed by the relay. None: the events go to the spool. Nothing durable confirmed by the
 * deadline: NotDurable, and the sender must retry.
 *
 * The promise rejects with InvalidEvent when a payload holds a number JSON cannot carry exactly, and
 * with EventTooLarge when an event is more than the bus carries: nothing of the call is stored.
 */
export function createAccept(options: StoreOptions): Accept {
  const recent = new RecentEvents();

  // Neither this nor storeEvents is async: a waiting frame would keep the events alive until the disk
  // has answered, and copying what is alive is most of what garbage collection costs.
  return (events) => {
    const fault = events.map(inexactness).find((one) => one !== undefined);
    if (fault) return Promise.reject(fault);
    const fresh = events.filter((event) => !recent.has(event.event_id));
    const acceptance = { accepted: fresh.length, duplicates: events.length - fresh.length };
    if (fresh.length === 0) return Promise.resolve(acceptance);
    const ids = fresh.map((event) => event.event_id);
    const rows = fresh.map(eventToRow);
    const tooLarge = findOversize(fresh, rows, options.bus);
    if (tooLarge) return Promise.reject(tooLarge);
    return storeEvents(fresh, rows, options).then(() => {
      // Only now: a repetition may be waved through only when the first is durable. Of two at the
      // same time both are stored, which the view and the ledger make one.
      for (const id of ids) recent.add(id);
      return acceptance;
    });
  };
}

/** Bytes of a message beside its payload are fewer than this: ids are bounded by the event's schema. */
const ENVELOPE_BYTES = 16_384;

// Apart from createAccept: a function made there that names the events keeps them until the answer.
function findOversize(
  events: readonly CanonicalEvent[],
  rows: readonly Row[],
  { maxMessageBytes }: Bus,
): EventTooLarge | undefined {
  for (const [index, event] of events.entries()) {
    // Measured only where it could be: counting every event's bytes would cost as much as making it.
    const atMost = String(rows[index]?.payload).length * MAX_BYTES_PER_UNIT + ENVELOPE_BYTES;
    if (atMost <= maxMessageBytes) continue;
    const bytes = messageBytes(new EventMessage(event));
    if (bytes <= maxMessageBytes) continue;
    return new EventTooLarge(
      `The event ${event.event_type} of ${event.entity_type} ${event.entity_id} has ${bytes} bytes, more than the ${maxMessageBytes} that can be carried. Have the provider send less in one event.`,
    );
  }
  return undefined;
}

function inexactness({ payload }: CanonicalEvent): InvalidEvent | undefined {
  const inexact = findInexact(payload);
  if (!inexact) return undefined;
  const pointer = `/payload${inexact.path.map((part) => `/${escapeToken(part)}`).join('')}`;
  return new InvalidEvent(`The event has an inexact value at ${pointer}: ${inexact.message}.`, {
    faults: [{ pointer, message: inexact.message }],
  });
}
