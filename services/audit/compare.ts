import { OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import type { RegisteredConsumer } from '../ledger/registered-consumers.ts';
import type { AuditTotals, Disagreement } from './audit-report.ts';
import type { Figures, PassageRow } from './figures.ts';
import { type AuditWindow, MINUTE_MS, stateAt, toInstant } from './window.ts';

/** A minute in which a consumer has consumed less than it was to. */
export interface Suspect {
  readonly minuteMs: number;
  readonly consumer: RegisteredConsumer;
  /** What dead letters and a later receipt of the same event may not explain. */
  readonly unexplained: number;
}

/**
 * The minutes whose figures disagree, but for consumption. The same rules as in the view
 * loss_ledger_disagreements; docs/decisions/0021 gives the reasons.
 */
export function compareMinutes(figures: Figures, window: AuditWindow): Disagreement[] {
  const found: Disagreement[] = [];
  for (const minuteMs of minutesOf(figures)) {
    const passage = figures.passage.get(minuteMs);
    const accepted = acceptedIn(figures, minuteMs);
    const { receipts = 0, without_proof = 0, without_outbox_row = 0 } = passage ?? {};
    const stored = receipts + (figures.spoolWaiting.get(minuteMs) ?? 0) + without_outbox_row;
    const minute = toInstant(minuteMs);
    const state = stateAt(minuteMs, window);
    const note = (kind: Disagreement['kind'], events: number, as = state) => {
      if (events > 0) found.push({ minute, kind, events, state: as });
    };
    note('not_outboxed', accepted - stored);
    note('uncounted', receipts - accepted, 'known');
    note('without_proof', without_proof);
    note('without_outbox_row', without_outbox_row);
  }
  return found;
}

/** Minutes in which a consumer lacks something by count: its ids must be looked up. */
export function suspects(figures: Figures): Suspect[] {
  const found: Suspect[] = [];
  for (const [minuteMs, passage] of figures.passage) {
    for (const consumer of figures.consumers) {
      // Whether an event of the very minute of the subscription was to be consumed, its id tells.
      if (minuteMs + MINUTE_MS <= consumer.since.getTime()) continue;
      const { expected, again } = expectedOf(consumer, passage);
      const consumed = figures.consumed.get(consumer.name)?.get(minuteMs) ?? 0;
      if (consumed >= expected) continue;
      const setAside = figures.setAside.get(consumer.name)?.get(minuteMs) ?? 0;
      const unexplained = Math.max(expected - consumed - setAside - again, 0);
      found.push({ minuteMs, consumer, unexplained });
    }
  }
  return found.sort((a, b) => a.minuteMs - b.minuteMs);
}

export function totalsOf(figures: Figures): AuditTotals {
  const passage = [...figures.passage.values()];
  const sum = (of: (row: PassageRow) => number) =>
    passage.reduce((total, row) => total + Number(of(row)), 0);
  const measured = (measure: string) => sumOf(figures.accepted.get(measure));
  const names = new Set([...figures.consumers.map(({ name }) => name), ...figures.consumed.keys()]);
  return {
    requests_accepted: measured('requests_accepted'),
    events_accepted: measured('events_accepted'),
    events_resolved: measured('events_resolved'),
    receipts: sum((row) => row.receipts),
    outboxed: sum((row) => row.outboxed),
    observations: sum((row) => row.observations),
    published: sum((row) => row.published),
    replayed: sum((row) => row.replayed),
    spooled: sumOf(figures.spooled),
    spool_waiting: sumOf(figures.spoolWaiting),
    dead_lettered: figures.deadLettered,
    consumed: Object.fromEntries(
      [...names].sort().map((name) => [name, sumOf(figures.consumed.get(name))]),
    ),
  };
}

function expectedOf({ topic }: RegisteredConsumer, passage: PassageRow) {
  return topic === OBSERVATIONS_TOPIC
    ? { expected: passage.observations, again: passage.observations_again }
    : { expected: passage.outboxed - passage.observations, again: passage.events_again };
}

function acceptedIn({ accepted }: Figures, minuteMs: number): number {
  const of = (measure: string) => accepted.get(measure)?.get(minuteMs) ?? 0;
  return of('events_accepted') + of('events_resolved');
}

function minutesOf({ passage, accepted }: Figures): number[] {
  const minutes = new Set(passage.keys());
  for (const counts of accepted.values())
    for (const minuteMs of counts.keys()) minutes.add(minuteMs);
  return [...minutes].sort((a, b) => a - b);
}

function sumOf(counts: ReadonlyMap<number, number> | undefined): number {
  return [...(counts?.values() ?? [])].reduce((total, one) => total + one, 0);
}
