import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { CONNECTIONS } from '#schemas/tables.ts';
import { withLease } from '../leases/lease.ts';
import type { Outbox } from '../outbox/open-outbox.ts';
import { type ChangeNote, failureEvent } from './failure-event.ts';

export interface TellChangesOptions {
  readonly database: Database;
  readonly outbox: () => Promise<Pick<Outbox, 'accept' | 'clock'>>;
  readonly warehouse: Warehouse;
}

const BATCH_ROWS = 500;

/**
 * Tells analysts of the changes of connections, and the bus of those that failed or recovered. One
 * process at a time. A change is removed when both have taken it: what is cut off in between is told
 * again, as the same event and the same version.
 */
export async function tellChanges({
  database,
  outbox,
  warehouse,
}: TellChangesOptions): Promise<{ told: number }> {
  const outcome = await withLease(database, { name: 'connection-changes' }, async (signal) => {
    let told = 0;
    while (!signal.aborted) {
      const rows = await database.query<{ id: string; change: ChangeNote }>(
        'SELECT id, change FROM connection_changes ORDER BY id LIMIT $1',
        [BATCH_ROWS],
      );
      if (rows.length === 0) break;
      const { accept, clock } = await outbox();
      const changes = rows.map(({ change }) => change);
      const events = changes.map((change) => failureEvent(change, clock.nowMs()));
      const alerts = events.filter((event) => event !== undefined);
      if (alerts.length > 0) await accept(alerts);
      await warehouse.append(CONNECTIONS.name, changes.map(toRow));
      await database.query('DELETE FROM connection_changes WHERE id = ANY($1::bigint[])', [
        rows.map(({ id }) => id),
      ]);
      told += rows.length;
    }
    return told;
  });
  return { told: outcome.held ? outcome.result : 0 };
}

function toRow(change: ChangeNote) {
  const { status_reason: _, status_before: __, ...row } = change;
  return {
    ...row,
    created_at: new Date(change.created_at).toISOString(),
    changed_at: new Date(change.changed_at).toISOString(),
  };
}
