import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { EVENTS_TOPIC } from '#schemas/cloudevents.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { InvalidEvent, NotDurable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { EventMessage } from './event-message.ts';
import { eventToRow } from './event-row.ts';
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
 * The function throws InvalidEvent when a payload holds a number JSON cannot carry exactly.
 */
export function createAccept(options: AcceptOptions): Accept {
  const recent = new RecentEvents();

  return async (events) => {
    for (const event of events) assertExact(event);
    const fresh = events.filter((event) => !recent.has(event.event_id));
    if (fresh.length > 0) {
      await store(fresh, options);
      // Only now: a repetition may be waved through only when the first is durable. Of two at the
      // same time both are stored, which the view and the ledger make one.
      for (const event of fresh) recent.add(event.event_id);
    }
    return { accepted: fresh.length, duplicates: events.length - fresh.length };
  };
}

async function store(events: readonly CanonicalEvent[], options: AcceptOptions): Promise<void> {
  const { bus, warehouse, progress, deadlineMs } = options;
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
  const appended = warehouse
    .append(OUTBOX.name, events.map(eventToRow))
    .then(() => confirm(true), fail);
  const messages = events.map((event) => new EventMessage(event));
  const published = bus.publish(EVENTS_TOPIC, messages).then(() => confirm(bus.durable), fail);
  const settled = Promise.all([appended, published]).then(([, carried]) => {
    // Only now may the relay look for these events: the outbox holds them or never will.
    if (carried) publishing.succeed();
    else publishing.fail();
  });
  await withDeadline(settled, deadlineMs);
  if (outcome.durable) return;
  throw new NotDurable(
    `No durable store confirmed the events within ${deadlineMs} ms. Send the same request again: repetitions have no further effect.`,
    { retryAfterSeconds: options.retryAfterSeconds ?? 5, cause: outcome.errors[0] },
  );
}

interface Outcome {
  durable: boolean;
  readonly errors: unknown[];
}

/** Resolves when the work does or the time is up, whichever is first. The work goes on. */
function withDeadline(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function assertExact(event: CanonicalEvent): void {
  const inexact = findInexact(event.payload);
  if (!inexact) return;
  const pointer = `/payload${inexact.path.map((part) => `/${part}`).join('')}`;
  throw new InvalidEvent(`The event has an inexact value at ${pointer}: ${inexact.message}.`, {
    faults: [{ pointer, message: inexact.message }],
  });
}
