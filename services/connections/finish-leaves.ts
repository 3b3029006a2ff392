import type { Queryable } from '#platform/database/database.ts';
import { COLUMNS, type ConnectionRow, fromRow } from './connection-row.ts';
import type { ConnectionLeave } from './leave.ts';

const BATCH_ROWS = 20;

/**
 * Finishes what was cut off when connections were disconnected: those that still have a credential.
 *
 * @returns how many were finished; what fails is told, and tried again the next time
 */
export async function finishLeaves(
  database: Queryable,
  leave: Pick<ConnectionLeave, 'finish'>,
  onError: (message: string, error: unknown) => void,
): Promise<{ finished: number }> {
  const rows = await database.query<ConnectionRow>(
    `SELECT ${COLUMNS} FROM connections
     WHERE disconnected_at < now() - interval '1 minute'
       AND EXISTS (SELECT FROM connection_credentials WHERE connection_id = connections.id)
     ORDER BY disconnected_at LIMIT $1`,
    [BATCH_ROWS],
  );
  let finished = 0;
  for (const row of rows) {
    try {
      await leave.finish(fromRow(row));
      finished += 1;
    } catch (error) {
      onError(`Connection ${row.id} could not be disconnected to the end.`, error);
    }
  }
  return { finished };
}
