import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { SecretNotFound } from '#schemas/problems.ts';
import type { Principal } from '../access/principal.ts';
import { recordAudit } from '../audit-log/record.ts';
import type { Connection } from './connection.ts';
import type { ConnectionDirectory } from './directory.ts';
import type { CredentialKeeper, Farewell } from './ports.ts';
import { checkIfMatch } from './precondition.ts';
import { ConnectionStore } from './store.ts';
import { shown } from './view.ts';

export interface LeaveOptions {
  readonly credentials: CredentialKeeper;
  readonly database: Database;
  readonly directory: Pick<ConnectionDirectory, 'refresh'>;
  /** In this order. */
  readonly farewells: readonly Farewell[];
  readonly secrets: Secrets;
  readonly publicUrl: () => string;
}

export interface Disconnected {
  readonly connection: Connection;
  /** What could not be done at the provider, in sentences. */
  readonly notes: readonly string[];
}

/** What was removed with a connection. */
export interface Removed {
  readonly registrations: number;
  readonly checks: number;
  readonly log_entries: number;
  readonly entity_states: number;
}

/**
 * Ends connections. The row says so first and goes last: what was cut off in between is finished by the
 * next try, or for a disconnected one by `finish`.
 */
export class ConnectionLeave {
  readonly #options: LeaveOptions;

  constructor(options: LeaveOptions) {
    this.#options = options;
  }

  /**
   * Takes webhooks off at the provider, revokes and destroys the credential. What was received stays, and
   * the webhook secret too, so that it can be reconnected without a new URL.
   *
   * @throws NotFound, NotPermitted, PreconditionFailed
   */
  async disconnect(principal: Principal, id: string, ifMatch?: string): Promise<Disconnected> {
    const { database, directory, publicUrl } = this.#options;
    const connection = await forTenant(database, principal).transaction(async (tx) => {
      const store = new ConnectionStore(tx);
      const before = await store.own(principal, id);
      checkIfMatch(before, ifMatch);
      if (before.disconnectedAt) return before;
      const after = await store.update(before, {
        status: 'inactive',
        statusReason: 'disconnected',
        statusDetail: 'Somebody disconnected it. What it received stays.',
        disconnectedAt: new Date().toISOString(),
      });
      await recordAudit(tx, principal, {
        action: 'connection.disconnected',
        subjectType: 'connection',
        subjectId: id,
        before: shown(before, publicUrl()),
        after: shown(after, publicUrl()),
      });
      return after;
    });
    await directory.refresh();
    return { connection, notes: await this.finish(connection) };
  }

  /** What is to be done once a connection says that it is disconnected; also again. */
  async finish(connection: Connection): Promise<readonly string[]> {
    const notes: string[] = [];
    for (const farewell of this.#options.farewells) notes.push(...(await farewell(connection)));
    await this.#options.credentials.remove(connection);
    return notes;
  }

  /**
   * Removes a connection, its secrets and what only it needs. Events, webhook requests and the audit log
   * stay.
   *
   * @throws NotFound, NotPermitted, PreconditionFailed
   */
  async delete(
    principal: Principal,
    id: string,
    ifMatch?: string,
  ): Promise<{ removed: Removed; notes: readonly string[] }> {
    const { database, directory, secrets, publicUrl } = this.#options;
    const removed = await countWhatHangsOn(database, principal.tenantId, id);
    const { connection, notes } = await this.disconnect(principal, id, ifMatch);
    await destroyAll(secrets, connection.secretRef);
    await forTenant(database, principal).transaction(async (tx) => {
      const store = new ConnectionStore(tx);
      const before = await store.own(principal, id);
      await store.delete(before);
      await recordAudit(tx, principal, {
        action: 'connection.deleted',
        subjectType: 'connection',
        subjectId: id,
        before: shown(before, publicUrl()),
      });
    });
    await database.query('DELETE FROM entity_states WHERE tenant_id = $1 AND connection_id = $2', [
      connection.tenantId,
      id,
    ]);
    await directory.refresh();
    return { removed, notes };
  }
}

async function destroyAll(secrets: Secrets, ref: string): Promise<void> {
  try {
    for (const { version, state } of await secrets.versions(ref)) {
      if (state !== 'destroyed') await secrets.destroy(ref, version);
    }
  } catch (error) {
    if (!(error instanceof SecretNotFound)) throw error;
  }
}

async function countWhatHangsOn(
  database: Database,
  tenantId: string,
  id: string,
): Promise<Removed> {
  const [counts] = await database.query<{ [Name in keyof Removed]: number }>(
    `SELECT
       (SELECT count(*)::int FROM webhook_registrations WHERE tenant_id = $1 AND connection_id = $2) AS registrations,
       (SELECT count(*)::int FROM connection_checks WHERE tenant_id = $1 AND connection_id = $2) AS checks,
       (SELECT count(*)::int FROM connection_logs WHERE tenant_id = $1 AND connection_id = $2) AS log_entries,
       (SELECT count(*)::int FROM entity_states WHERE tenant_id = $1 AND connection_id = $2) AS entity_states`,
    [tenantId, id],
  );
  return counts ?? { registrations: 0, checks: 0, log_entries: 0, entity_states: 0 };
}
