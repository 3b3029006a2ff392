import type { Database } from '#platform/database/database.ts';
import type { RefresherOptions } from './refresher.ts';

/**
 * Marks connections whose credentials cannot be refreshed any more: status `error`, its reason, and a line in
 * the connection's log. Webhooks of such a connection are still taken.
 */
export function markFailed(database: Database): RefresherOptions['onPermanentFailure'] {
  return async (connectionId, code, detail) => {
    await database.query(
      `WITH failed AS (
         UPDATE connections SET status = 'error', status_reason = $2, status_detail = $3,
           status_since = now(), version = version + 1, updated_at = now()
         WHERE id = $1 AND status = 'active'
         RETURNING id, tenant_id, org_id
       )
       INSERT INTO connection_logs (connection_id, tenant_id, org_id, level, kind, code, message)
       SELECT id, tenant_id, org_id, 'error', 'credentials', $2, $3 FROM failed`,
      [connectionId, code, detail],
    );
  };
}
