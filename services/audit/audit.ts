import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { compareText } from '../compare-text.ts';
import type { AuditReport, AuditState, Disagreement, MissingEvent } from './audit-report.ts';
import { compareMinutes, type Suspect, suspects, totalsOf } from './compare.ts';
import { readFigures } from './figures.ts';
import { findUnconsumed } from './find-unconsumed.ts';
import { findDeadLetters, findSpooled, toMissing } from './find-waiting.ts';
import { type AuditWindow, MINUTE_MS, minuteOf, stateAt, toInstant } from './window.ts';

export interface AuditOptions {
  readonly database: Database;
  readonly warehouse: Warehouse;
  /** How long consumers' ledgers are kept: before that only counts can be compared. */
  readonly keepDays: number;
}

export interface AuditQuestion {
  readonly tenantId: string;
  readonly window: AuditWindow;
  readonly nowMs: number;
  /** Most events that are named. */
  readonly limit: number;
}

const DAY_MS = 24 * 60 * MINUTE_MS;
const MAX_DISAGREEMENTS = 1_000;
const SEVERITY: Readonly<Record<AuditState, number>> = { missing: 0, healing: 1, known: 2 };

/**
 * Proves that what a tenant's webhooks brought in a window is stored, carried and consumed, or names what
 * is not. Counts show which minutes to look at; there, ids decide.
 *
 * @throws WarehouseUnavailable, DatabaseUnavailable, QueryTooCostly
 */
export async function audit(options: AuditOptions, question: AuditQuestion): Promise<AuditReport> {
  const { database, warehouse, keepDays } = options;
  const { tenantId, window, nowMs, limit } = question;
  const figures = await readFigures(database, warehouse, tenantId, window);
  const byPassage = compareMinutes(figures, window);
  // Of what is older, entries may have been removed by the clean-up.
  const idsFromMs = nowMs - (keepDays - 1) * DAY_MS;
  const suspected = suspects(figures);
  const recent = suspected.filter(({ minuteMs }) => minuteMs >= idsFromMs);
  const unconsumed = await findUnconsumed({ database, warehouse, tenantId, window, limit }, recent);
  const notConsumed = unconsumed.map(({ eventId, eventType, receivedAt, consumer }) => {
    const minuteMs = minuteOf(receivedAt);
    const state = stateAt(minuteMs, window);
    return toMissing(eventId, { kind: 'not_consumed', state, minuteMs, consumer, eventType });
  });
  const missing = [
    ...(await findByPassage('without_proof', byPassage, options, question)),
    ...(await findByPassage('without_outbox_row', byPassage, options, question)),
    ...notConsumed,
    ...(await findSpooled(database, tenantId, window, limit + 1)),
    ...(await findDeadLetters(database, tenantId, window, limit + 1)),
  ].sort(byImportance);
  const disagreements = [
    ...byPassage,
    ...countByMinute(notConsumed),
    ...byCountAlone(suspected.filter(({ minuteMs }) => minuteMs < idsFromMs)),
  ].sort(inOrder);
  return {
    verdict: verdictOf([...missing, ...disagreements]),
    from: toInstant(window.fromMs),
    to: toInstant(window.toMs),
    grace_minutes: Math.round((nowMs - window.settledBeforeMs) / MINUTE_MS),
    totals: totalsOf(figures),
    disagreements: disagreements.slice(0, MAX_DISAGREEMENTS),
    missing: missing.slice(0, limit),
    truncated: missing.length > limit || disagreements.length > MAX_DISAGREEMENTS,
  };
}

/** Names the events of which one side lacks the other, if any minute has some. */
async function findByPassage(
  kind: 'without_proof' | 'without_outbox_row',
  disagreements: readonly Disagreement[],
  { warehouse }: AuditOptions,
  { tenantId, window, limit }: AuditQuestion,
): Promise<MissingEvent[]> {
  const minutes = disagreements.filter((one) => one.kind === kind).map(({ minute }) => minute);
  const [first] = minutes;
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return [];
  const name = kind === 'without_proof' ? 'ledger-without-proof' : 'ledger-without-outbox-row';
  const rows = await warehouse.query<{ event_id: string; received_at: string }>(name, {
    tenant_id: tenantId,
    from_time: first,
    to_time: toInstant(minuteOf(last) + MINUTE_MS),
    row_limit: limit + 1,
  });
  return rows.map(({ event_id, received_at }) => {
    const minuteMs = minuteOf(received_at);
    return toMissing(event_id, { kind, state: stateAt(minuteMs, window), minuteMs });
  });
}

function countByMinute(events: readonly MissingEvent[]): Disagreement[] {
  const counts = new Map<string, Disagreement>();
  for (const { minute, kind, consumer, state } of events) {
    const key = `${minute} ${consumer}`;
    const known = counts.get(key);
    const events = (known?.events ?? 0) + 1;
    counts.set(key, { minute, kind, ...(consumer !== undefined && { consumer }), events, state });
  }
  return [...counts.values()];
}

function byCountAlone(suspected: readonly Suspect[]): Disagreement[] {
  return suspected
    .filter(({ unexplained }) => unexplained > 0)
    .map(({ minuteMs, consumer, unexplained }) => ({
      minute: toInstant(minuteMs),
      kind: 'not_consumed',
      consumer: consumer.name,
      events: unexplained,
      state: 'missing',
    }));
}

function verdictOf(found: readonly { readonly state: AuditState }[]): AuditReport['verdict'] {
  if (found.some(({ state }) => state === 'missing')) return 'missing';
  return found.some(({ state }) => state === 'healing') ? 'healing' : 'proved';
}

function byImportance(a: MissingEvent, b: MissingEvent): number {
  return (
    SEVERITY[a.state] - SEVERITY[b.state] || inOrder(a, b) || compareText(a.event_id, b.event_id)
  );
}

function inOrder(
  a: Pick<Disagreement, 'minute' | 'kind' | 'consumer'>,
  b: Pick<Disagreement, 'minute' | 'kind' | 'consumer'>,
): number {
  return (
    compareText(a.minute, b.minute) ||
    compareText(a.kind, b.kind) ||
    compareText(a.consumer ?? '', b.consumer ?? '')
  );
}
