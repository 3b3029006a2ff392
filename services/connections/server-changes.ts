import type { Database } from '#platform/database/database.ts';
import { recordAudit } from '../audit-log/record.ts';
import { logConnection } from '../health/connection-log.ts';
import { COLUMNS, type ConnectionRow, fromRow } from './connection-row.ts';
import { ConnectionStore } from './store.ts';
import { shown } from './view.ts';

export interface Failure {
  /** A stable word, such as credentials_refused. */
  readonly reason: string;
  /** What happened and what to do, in a sentence. */
  readonly detail: string;
  /** True when the error was counted already, as a failed check is. */
  readonly isCounted?: boolean;
}

export interface ServerChangeOptions {
  readonly database: Database;
  readonly publicUrl: () => string;
}

/**
 * Marks an active connection as failed, as its credentials are not taken any more: administrators see why in
 * its status, its log and the audit log, and an event tells of it. One that is not active keeps the state it
 * has. Webhooks of such a connection are still taken.
 */
export async function markFailed(
  { database, publicUrl }: ServerChangeOptions,
  id: string,
  { reason, detail, isCounted = false }: Failure,
): Promise<void> {
  await database.transaction(async (tx) => {
    const [row] = await tx.query<ConnectionRow>(
      `SELECT ${COLUMNS} FROM connections WHERE id = $1 FOR UPDATE`,
      [id],
    );
    if (row?.status !== 'active') return;
    const before = fromRow(row);
    const after = await new ConnectionStore(tx).update(before, {
      status: 'error',
      statusReason: reason,
      statusDetail: detail,
    });
    if (!isCounted) {
      await tx.query(
        `UPDATE connections SET last_error = $2, last_error_detail = $3, last_error_at = now(),
           error_count = error_count + 1
         WHERE id = $1`,
        [id, reason, detail],
      );
    }
    await logConnection(tx, before, {
      ...{ level: 'error', kind: 'credentials', code: reason, message: detail },
    });
    const actor = { tenantId: before.tenantId, orgId: before.orgId, actor: 'system' };
    await recordAudit(tx, actor, {
      action: 'connection.failed',
      subjectType: 'connection',
      subjectId: id,
      before: shown(before, publicUrl()),
      after: shown(after, publicUrl()),
    });
  });
}
