import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { type RegisteredConsumer, registeredConsumers } from '../ledger/registered-consumers.ts';
import { consumedByMinute, deadLetteredCount, spoolByMinute } from './postgres-figures.ts';
import { type AuditWindow, minuteOf, toInstant } from './window.ts';

/** What outbox and proofs have, of a minute of receipt. */
export interface PassageRow {
  readonly minute: string;
  readonly receipts: number;
  readonly outboxed: number;
  readonly observations: number;
  /** First received in this minute, and in a later one again. */
  readonly events_again: number;
  readonly observations_again: number;
  readonly published: number;
  readonly replayed: number;
  readonly without_proof: number;
  readonly without_outbox_row: number;
}

interface CountRow {
  readonly minute: string;
  readonly measure: string;
  readonly consumer: string | null;
  readonly total: number;
}

/** All that is compared, by minutes in milliseconds since 1970. */
export interface Figures {
  readonly passage: ReadonlyMap<number, PassageRow>;
  /** By measure. */
  readonly accepted: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly spooled: ReadonlyMap<number, number>;
  readonly spoolWaiting: ReadonlyMap<number, number>;
  /** By consumer: what Postgres has, and where its ledger was cleaned up what was exported of it. */
  readonly consumed: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** By consumer, of what was exported: dead letters that it has not consumed. */
  readonly setAside: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly deadLettered: number;
  readonly consumers: readonly RegisteredConsumer[];
}

/**
 * Reads the figures of a tenant, each after what must not be ahead of it: what was accepted before what
 * is stored, and that before what was consumed. Events that pass meanwhile are never taken for a loss.
 */
export async function readFigures(
  database: Database,
  warehouse: Warehouse,
  tenantId: string,
  window: AuditWindow,
): Promise<Figures> {
  const params = {
    tenant_id: tenantId,
    from_time: toInstant(window.fromMs),
    to_time: toInstant(window.toMs),
  };
  const counts = await warehouse.query<CountRow>('ledger-counts', params);
  const { spooled, waiting } = await spoolByMinute(database, tenantId, window);
  const passage = await warehouse.query<PassageRow>('ledger-minutes', params);
  const consumed = await consumedByMinute(database, tenantId, window);
  for (const [consumer, exported] of byConsumer(counts, 'consumed')) {
    const live = consumed.get(consumer) ?? new Map<number, number>();
    for (const [minuteMs, total] of exported) {
      live.set(minuteMs, Math.max(live.get(minuteMs) ?? 0, total));
    }
    consumed.set(consumer, live);
  }
  return {
    passage: new Map(passage.map((row) => [minuteOf(row.minute), row])),
    accepted: byMeasure(counts),
    spooled,
    spoolWaiting: waiting,
    consumed,
    setAside: byConsumer(counts, 'set_aside'),
    deadLettered: await deadLetteredCount(database, tenantId, window),
    consumers: await registeredConsumers(database),
  };
}

function byMeasure(rows: readonly CountRow[]): Map<string, Map<number, number>> {
  return group(
    rows.filter(({ consumer }) => consumer === null),
    ({ measure }) => measure,
  );
}

function byConsumer(rows: readonly CountRow[], measure: string): Map<string, Map<number, number>> {
  return group(
    rows.filter((row) => row.measure === measure),
    ({ consumer }) => consumer ?? '',
  );
}

function group(
  rows: readonly CountRow[],
  keyOf: (row: CountRow) => string,
): Map<string, Map<number, number>> {
  const groups = new Map<string, Map<number, number>>();
  for (const row of rows) {
    const minutes = groups.get(keyOf(row)) ?? new Map<number, number>();
    minutes.set(minuteOf(row.minute), Number(row.total));
    groups.set(keyOf(row), minutes);
  }
  return groups;
}
