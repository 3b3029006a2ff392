import type { OutboxPosition } from '../outbox/outbox-reader.ts';
import type { BoundPredicate } from './predicate.ts';
import type { Replay, ReplayMode, ReplayState } from './replay.ts';

/** A row of `replays`; BIGINT comes as text. */
export interface ReplayRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly predicate: BoundPredicate;
  readonly predicate_name: string | null;
  readonly consumer: string | null;
  readonly mode: ReplayMode;
  readonly rate_per_second: number | null;
  readonly max_events: string;
  readonly state: ReplayState;
  readonly matched: string;
  readonly published: string;
  readonly position: OutboxPosition | null;
  readonly waits_for: string | null;
  readonly failure: string | null;
  readonly created_by: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly process: string | null;
}

export const COLUMNS = `id, tenant_id, org_id, predicate, predicate_name, consumer, mode,
  rate_per_second, max_events, state, matched, published, position, waits_for, failure, created_by,
  created_at, started_at, finished_at, process`;

export function fromRow(row: ReplayRow): Replay {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    predicate: row.predicate,
    predicateName: row.predicate_name,
    consumer: row.consumer,
    mode: row.mode,
    ratePerSecond: row.rate_per_second,
    maxEvents: Number(row.max_events),
    state: row.state,
    matched: Number(row.matched),
    published: Number(row.published),
    position: row.position,
    waitsFor: row.waits_for,
    failure: row.failure,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    process: row.process,
  };
}
