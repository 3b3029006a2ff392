import type { Database } from '#platform/database/database.ts';
import { recordAudit } from '../audit-log/record.ts';
import type { Connection } from './connection.ts';
import { COLUMNS, type ConnectionRow, fromRow } from './connection-row.ts';
import { ConnectionStore } from './store.ts';
import { shown } from './view.ts';

export interface Failure {
  /** A stable word: credentials_refused, health. */
  readonly reason: string;
  /** What happened and what to do, in a sentence. */
  readonly detail: string;
}

/** What the server itself finds out about connections, whoever is signed in. */
export class ServerChanges {
  readonly #database: Database;
  readonly #publicUrl: () => string;

  constructor(database: Database, publicUrl: () => string) {
    this.#database = database;
    this.#publicUrl = publicUrl;
  }

  /**
   * Marks an active connection as failed: administrators see why, and an event tells of it. One that is
   * not active keeps the state it has.
   */
  async markFailed(id: string, { reason, detail }: Failure): Promise<void> {
    await this.#change(id, ({ status }) => status === 'active', {
      status: 'error',
      statusReason: reason,
      statusDetail: detail,
    });
  }

  /** Makes a connection active again that failed for this reason, and for no other. */
  async markRecovered(id: string, reason: string): Promise<void> {
    await this.#change(
      id,
      ({ status, statusReason }) => status === 'error' && statusReason === reason,
      { status: 'active', statusReason: null, statusDetail: null },
    );
  }

  async #change(
    id: string,
    applies: (connection: Connection) => boolean,
    change: Pick<Connection, 'status' | 'statusReason' | 'statusDetail'>,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const [row] = await tx.query<ConnectionRow>(
        `SELECT ${COLUMNS} FROM connections WHERE id = $1 FOR UPDATE`,
        [id],
      );
      if (!row) return;
      const before = fromRow(row);
      if (!applies(before)) return;
      const after = await new ConnectionStore(tx).update(before, change);
      if (change.status === 'error') {
        await tx.query(
          `UPDATE connections SET last_error = $2, last_error_detail = $3, last_error_at = now(),
             error_count = error_count + 1
           WHERE id = $1`,
          [id, change.statusReason, change.statusDetail],
        );
      }
      const actor = { tenantId: before.tenantId, orgId: before.orgId, actor: 'system' };
      await recordAudit(tx, actor, {
        action: change.status === 'error' ? 'connection.failed' : 'connection.recovered',
        subjectType: 'connection',
        subjectId: id,
        before: shown(before, this.#publicUrl()),
        after: shown(after, this.#publicUrl()),
      });
    });
  }
}
