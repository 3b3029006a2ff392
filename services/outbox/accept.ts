import { escapeToken } from '#adapters/kit/json-pointer.ts';
import type { Bus } from '#platform/bus/bus.ts';
import { messageBytes } from '#platform/bus/message-size.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { EventTooLarge, InvalidEvent, InvalidRow, NotDurable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { withDeadline } from '../deadline.ts';
import { EventMessage } from './event-message.ts';
import { eventToRow } from './event-row.ts';
import { publishEvents } from './publish-events.ts';
import type { PublishProgress } from './publish-progress.ts';
import { RecentEvents } from './recent-events.ts';

export interface Acceptance {
  /** Events made durable by this call. */
  readonly accepted: number;
  /** Events that were durable already. */
  readonly duplicates: number;
}

/** Takes canonical events; returns once all of them are durable. */
export type Accept = (events: readonly CanonicalEvent[]) => Promise<Acceptance>;

export interface AcceptOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly progress: PublishProgress;
  /** Longest wait for a durable confirmation. */
  readonly deadlineMs: number;
  /** What a refused sender is told to wait. Default 5 s. */
  readonly retryAfterSeconds?: number;
}

/**
 * Makes `accept`, the heart: outbox append and bus publish at the same time. Both confirmed is the
 * normal case. At the deadline one confirmation is enough if that side is durable: the other side
 * is healed by the relay. Nothing durable confirmed: NotDurable, and the sender must retry.
 *
 * The promise rejects with InvalidEvent when a payload holds a number JSON cannot carry exactly, and
 * with EventTooLarge when an event is more than the bus carries: nothing of the call is stored.
 */
export function createAccept(options: AcceptOptions): Accept {
  const recent = new RecentEvents();

  // Neither this nor store() is async: a waiting frame would keep the events alive until the disk
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
    return store(fresh, rows, options).then(() => {
      // Only now: a repetition may be waved through only when the first is durable. Of two at the
      // same time both are stored, which the view and the ledger make one.
      for (const id of ids) recent.add(id);
      return acceptance;
    });
  };
}

function store(
  events: readonly CanonicalEvent[],
  rows: readonly Row[],
  options: AcceptOptions,
): Promise<void> {
  const { bus, warehouse, progress, deadlineMs, retryAfterSeconds = 5 } = options;
  const publishing = progress.begin(events[0]?.received_at ?? '');
  const outcome: Outcome = { durable: false, errors: [] };
  const confirm = (durable: boolean) => {
    outcome.durable ||= durable;
    return true;
  };
  const fail = (error: unknown) => {
    outcome.errors.push(error);
    return false;
  };
  const appended = warehouse.append(OUTBOX.name, rows).then(() => confirm(true), fail);
  const published = publishEvents(bus, events).then(() => confirm(bus.durable), fail);
  const settled = Promise.all([appended, published]).then(([, carried]) => {
    // Only now may the relay look for these events: the outbox holds them or never will.
    if (carried) publishing.succeed();
    else publishing.fail();
  });
  return withDeadline(settled, deadlineMs).then(() => {
    if (outcome.durable) return;
    // No retry can make such an event fit, so the sender must not be told to try.
    const misfit = outcome.errors.find((error) => error instanceof InvalidRow);
    if (misfit) throw misfit;
    const late = outcome.errors.length === 0 ? ` within ${deadlineMs} ms` : '';
    throw new NotDurable(
      `No durable store confirmed the events${late}. Send the same request again: repetitions have no further effect.`,
      { retryAfterSeconds, cause: outcome.errors[0] },
    );
  });
}

interface Outcome {
  durable: boolean;
  readonly errors: unknown[];
}

/** Bytes of a message beside its payload are fewer than this: ids are bounded by the event's schema. */
const ENVELOPE_BYTES = 16_384;
const UTF8_BYTES_PER_UNIT = 3;

// Apart from createAccept: a function made there that names the events keeps them until the answer.
function findOversize(
  events: readonly CanonicalEvent[],
  rows: readonly Row[],
  { maxMessageBytes }: Bus,
): EventTooLarge | undefined {
  for (const [index, event] of events.entries()) {
    // Measured only where it could be: counting every event's bytes would cost as much as making it.
    const atMost = String(rows[index]?.payload).length * UTF8_BYTES_PER_UNIT + ENVELOPE_BYTES;
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
