import type { Queryable } from '#platform/database/database.ts';
import type { ConnectionStatus } from '../connections/connection.ts';
import type { Owner } from '../connections/store.ts';
import type { CircuitState } from './circuit.ts';
import { circuitOf } from './circuit-row.ts';
import type { HealthFacts } from './health-status.ts';
import { FAILING_AFTER } from './record-check.ts';

/** The facts about a connection, with what its view shows besides. */
export interface ConnectionFacts extends HealthFacts {
  readonly id: string;
  readonly intervalSeconds: number;
}

interface FactsRow {
  readonly id: string;
  readonly status: ConnectionStatus;
  readonly status_reason: string | null;
  readonly status_detail: string | null;
  readonly is_disconnected: boolean;
  readonly interval_seconds: number;
  readonly circuit: CircuitState | null;
  readonly failures_in_a_row: number | null;
  readonly opened_at: Date | null;
  readonly next_check_at: Date | null;
  readonly last_check_at: Date | null;
  readonly last_outcome: 'ok' | 'failed' | null;
  readonly last_code: string | null;
  readonly latest_failed: number;
  readonly hour_checks: number;
  readonly hour_failed: number;
  readonly now: Date;
}

/** Seconds between checks where nobody has set them. */
export const DEFAULT_INTERVAL = 300;

/** Checks are looked at only where one failed lately: of thousands of connections those are few. */
const FACTS = `
  SELECT own.id, own.status, own.status_reason, own.status_detail,
    own.disconnected_at IS NOT NULL AS is_disconnected,
    coalesce(health.interval_seconds, ${DEFAULT_INTERVAL}) AS interval_seconds,
    health.circuit, health.failures_in_a_row, health.opened_at,
    health.next_check_at, health.last_check_at, health.last_outcome,
    latest.code AS last_code, latest.failed AS latest_failed,
    last_hour.checks AS hour_checks, last_hour.failed AS hour_failed, now() AS now
  FROM connections AS own
  LEFT JOIN connection_health AS health ON health.connection_id = own.id
  LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'failed')::int AS failed,
      (array_agg(code ORDER BY id DESC) FILTER (WHERE outcome = 'failed'))[1] AS code
    FROM (
      SELECT id, outcome, code FROM connection_checks
      WHERE connection_id = own.id AND health.last_outcome = 'failed'
      ORDER BY checked_at DESC, id DESC LIMIT ${FAILING_AFTER}
    ) AS checks
  ) AS latest ON true
  LEFT JOIN LATERAL (
    SELECT count(*)::int AS checks, count(*) FILTER (WHERE outcome = 'failed')::int AS failed
    FROM connection_checks
    WHERE connection_id = own.id AND own.last_error_at > now() - interval '1 hour'
      AND checked_at > now() - interval '1 hour'
  ) AS last_hour ON true
  WHERE own.tenant_id = $1 AND (own.org_id IS NULL OR own.org_id = $2)`;

/** Of all connections that the organisation may see. */
export async function readAllFacts(
  database: Queryable,
  { tenantId, orgId }: Owner,
): Promise<ConnectionFacts[]> {
  return (await database.query<FactsRow>(FACTS, [tenantId, orgId])).map(factsOf);
}

/** Of one of them. @returns undefined when there is none */
export async function readFacts(
  database: Queryable,
  { tenantId, orgId }: Owner,
  id: string,
): Promise<ConnectionFacts | undefined> {
  const [row] = await database.query<FactsRow>(`${FACTS} AND own.id = $3`, [tenantId, orgId, id]);
  return row && factsOf(row);
}

function factsOf(row: FactsRow): ConnectionFacts {
  return {
    id: row.id,
    intervalSeconds: row.interval_seconds,
    nowMs: row.now.getTime(),
    status: row.status,
    statusReason: row.status_reason,
    statusDetail: row.status_detail,
    isDisconnected: row.is_disconnected,
    circuit: circuitOf(row.circuit, row.failures_in_a_row, row.opened_at),
    nextCheckAtMs: row.next_check_at?.getTime() ?? null,
    lastCheckAtMs: row.last_check_at?.getTime() ?? null,
    lastOutcome: row.last_outcome,
    lastCode: row.last_code,
    latestFailed: row.latest_failed,
    lastHour: { checks: row.hour_checks, failed: row.hour_failed },
  };
}
