import type { Database, Queryable } from '#platform/database/database.ts';
import { recordAudit } from '../audit-log/record.ts';
import type { CheckResult, CheckTarget } from './check.ts';
import { logConnection } from './connection-log.ts';

/** So many failed checks in a row mark the connection. */
export const FAILING_AFTER = 3;

/** What is not found out now is looked for again soon, whatever the interval. */
const SOON = "interval '1 minute'";

/** Keeps what a check found out, and what follows from it for its connection. */
export async function recordCheck(
  database: Database,
  connection: CheckTarget,
  result: CheckResult,
): Promise<void> {
  const { id } = connection;
  if (result.outcome === 'skipped') {
    await database.query(
      `UPDATE connection_health SET next_check_at = least(next_check_at, now() + ${SOON})
       WHERE connection_id = $1`,
      [id],
    );
    return;
  }
  await database.transaction(async (tx) => {
    const outcome = result.outcome === 'not_checkable' ? null : result.outcome;
    const [before] = await tx.query<{ last_outcome: string | null }>(
      `UPDATE connection_health AS health SET last_check_at = now(), last_outcome = $2
       FROM (
         SELECT last_outcome FROM connection_health WHERE connection_id = $1 FOR UPDATE
       ) AS before WHERE connection_id = $1 RETURNING before.last_outcome`,
      [id, outcome],
    );
    if (result.outcome === 'not_checkable') return;
    const { code, detail } = result.outcome === 'failed' ? result : { code: null, detail: null };
    await tx.query(
      `INSERT INTO connection_checks
         (connection_id, tenant_id, org_id, outcome, code, detail, duration_ms)
       SELECT id, tenant_id, org_id, $2, $3, $4, $5 FROM connections WHERE id = $1`,
      [id, outcome, code, detail, result.durationMs],
    );
    if (result.outcome === 'failed') await noteFailure(tx, connection, result);
    else if (before && before.last_outcome !== 'ok')
      await noteSuccess(tx, connection, before.last_outcome === 'failed');
  });
}

async function noteFailure(
  tx: Queryable,
  connection: CheckTarget,
  { code, detail, durationMs }: Extract<CheckResult, { outcome: 'failed' }>,
): Promise<void> {
  // Neither version nor updated_at: nobody has changed the connection.
  await tx.query(
    `UPDATE connections SET last_error = $2, last_error_detail = $3, last_error_at = now(),
       error_count = error_count + 1 WHERE id = $1`,
    [connection.id, code, detail],
  );
  await logConnection(tx, connection, {
    level: 'warning',
    kind: 'health',
    code: 'check_failed',
    message: detail,
    data: { code, duration_ms: durationMs },
  });
  const marked = await tx.query(
    `UPDATE connections SET status = 'error', status_reason = 'health', status_since = now(),
       status_detail = $2, version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status = 'active' AND ${FAILING_AFTER} = (
       SELECT count(*) FILTER (WHERE outcome = 'failed') FROM (
         SELECT outcome FROM connection_checks
         WHERE connection_id = $1 AND checked_at >= connections.status_since
         ORDER BY id DESC LIMIT ${FAILING_AFTER}
       ) AS latest
     ) RETURNING 1`,
    [connection.id, detail],
  );
  if (marked.length === 0) return;
  await noteTurn(tx, connection, 'failed', detail);
  await logConnection(tx, connection, {
    level: 'error',
    kind: 'health',
    code: 'marked_failing',
    message: `${FAILING_AFTER} checks in a row failed. The connection is in error until one succeeds.`,
    data: { code },
  });
}

/** Ends the error that failed checks have caused, and no other. */
async function noteSuccess(
  tx: Queryable,
  connection: CheckTarget,
  hadFailed: boolean,
): Promise<void> {
  const recovered = await tx.query(
    `UPDATE connections SET status = 'active', status_reason = NULL, status_detail = NULL,
       status_since = now(), version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status = 'error' AND status_reason = 'health' RETURNING 1`,
    [connection.id],
  );
  if (recovered.length > 0) await noteTurn(tx, connection, 'recovered', null);
  if (!hadFailed) return;
  await logConnection(tx, connection, {
    level: 'info',
    kind: 'health',
    code: 'check_ok_again',
    message: 'The check succeeds again.',
  });
}

/** In the audit log, as every change of a connection. */
async function noteTurn(
  tx: Queryable,
  { id, tenantId, orgId }: CheckTarget,
  turn: 'failed' | 'recovered',
  detail: string | null,
): Promise<void> {
  const active = { status: 'active', status_reason: null, status_detail: null };
  const inError = { status: 'error', status_reason: 'health', status_detail: detail };
  const [before, after] = turn === 'failed' ? [active, inError] : [inError, active];
  const actor = { tenantId, orgId, actor: 'system' };
  const action = `connection.${turn}`;
  await recordAudit(tx, actor, { action, subjectType: 'connection', subjectId: id, before, after });
}
