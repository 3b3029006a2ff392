import type { Queryable } from '#platform/database/database.ts';
import { type Circuit, type CircuitState, CLOSED } from './circuit.ts';

interface CircuitRow {
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly circuit: CircuitState | null;
  readonly failures_in_a_row: number | null;
  readonly opened_at: Date | null;
  readonly now: Date;
}

/** The circuit of a connection, and the time by the clock of the database. */
export interface StoredCircuit {
  readonly circuit: Circuit;
  readonly nowMs: number;
  readonly connection: {
    readonly id: string;
    readonly tenantId: string;
    readonly orgId: string | null;
  };
}

const READ = `SELECT connections.tenant_id, connections.org_id, circuit, failures_in_a_row, opened_at,
    clock_timestamp() AS now
  FROM connections LEFT JOIN connection_health AS health ON health.connection_id = connections.id
  WHERE connections.id = $1`;

/** @returns undefined when there is no such connection; a circuit that was never written is closed */
export async function readCircuit(
  database: Queryable,
  connectionId: string,
): Promise<StoredCircuit | undefined> {
  const [row] = await database.query<CircuitRow>(READ, [connectionId]);
  if (!row) return undefined;
  return {
    circuit: circuitOf(row.circuit, row.failures_in_a_row, row.opened_at),
    nowMs: row.now.getTime(),
    connection: { id: connectionId, tenantId: row.tenant_id, orgId: row.org_id },
  };
}

/** The same for whoever writes it next: others wait until the transaction ends. */
export async function lockCircuit(
  tx: Queryable,
  connectionId: string,
): Promise<StoredCircuit | undefined> {
  await ensureHealth(tx, connectionId);
  await tx.query('SELECT 1 FROM connection_health WHERE connection_id = $1 FOR UPDATE', [
    connectionId,
  ]);
  return readCircuit(tx, connectionId);
}

export async function writeCircuit(
  tx: Queryable,
  connectionId: string,
  { state, failuresInARow, sinceMs }: Circuit,
): Promise<void> {
  const openedAt = sinceMs === null ? null : new Date(sinceMs).toISOString();
  await tx.query(
    `UPDATE connection_health SET circuit = $2, failures_in_a_row = $3, opened_at = $4::timestamptz
     WHERE connection_id = $1`,
    [connectionId, state, failuresInARow, openedAt],
  );
}

/** A circuit from its columns. */
export function circuitOf(
  state: CircuitState | null,
  failuresInARow: number | null,
  openedAt: Date | null,
): Circuit {
  if (state === null) return CLOSED;
  return { state, failuresInARow: failuresInARow ?? 0, sinceMs: openedAt?.getTime() ?? null };
}

/** Makes the row of a connection that has none yet. */
async function ensureHealth(database: Queryable, connectionId: string): Promise<void> {
  await database.query(
    `INSERT INTO connection_health (connection_id, tenant_id, org_id)
     SELECT id, tenant_id, org_id FROM connections WHERE id = $1 ON CONFLICT DO NOTHING`,
    [connectionId],
  );
}
