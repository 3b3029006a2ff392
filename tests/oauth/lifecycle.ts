// A stand-in for what makes connections: real rows and real secrets, and of its checks those that the
// tables make. It leaves nothing of a connection that fails.
import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { AccountConnected, ConnectionExists, NotFound } from '#schemas/problems.ts';
import type { Principal } from '#services/access/principal.ts';
import type { NewCredential } from '#services/connections/ports.ts';
import type { ConnectionLifecycle } from '#services/oauth/lifecycle.ts';

/** What a constraint of the table means. */
const CONFLICTS: Readonly<Record<string, () => Error>> = {
  connections_name: () => new ConnectionExists('There is a connection of this name.'),
  connections_account: () => new AccountConnected('The account is connected already.'),
};

export function makeLifecycle(database: Database, secrets: Secrets): ConnectionLifecycle {
  const store = async (
    principal: Principal,
    id: string,
    fresh: NewCredential,
    writeConnection: (tx: Queryable) => Promise<void>,
  ) => {
    const { tenantId, orgId } = principal;
    const { credential, scopesRequested } = fresh;
    const ref = `tenants/${tenantId}/connections/${id}/credential-${randomUUID()}`;
    const { version } = await secrets.create(ref, JSON.stringify(credential));
    try {
      await forTenant(database, principal).transaction(async (tx) => {
        await writeConnection(tx);
        await tx.query('DELETE FROM connection_credentials WHERE connection_id = $1', [id]);
        await tx.query(
          `INSERT INTO connection_credentials (connection_id, tenant_id, org_id, kind, secret_ref,
             secret_ref_version, expires_at, scopes_requested, scopes_granted)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [
            ...[id, tenantId, orgId, credential.kind, ref, version],
            ...[credential.expiresAt ?? null, scopesRequested, credential.scopes],
          ],
        );
      });
    } catch (error) {
      await secrets.destroy(ref, version);
      const { constraint } = error as { constraint?: string };
      throw CONFLICTS[constraint ?? '']?.() ?? error;
    }
    return { id };
  };
  return {
    create(principal, { provider, name, settings, labels }, fresh) {
      const { tenantId, orgId } = principal;
      const id = `con_${randomUUID()}`;
      const { account } = fresh;
      return store(principal, id, fresh, async (tx) => {
        await tx.query(
          `INSERT INTO connections (id, tenant_id, org_id, provider, name, status, settings, labels,
             secret_ref, account_id, account_name)
           VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10)`,
          [
            ...[id, tenantId, orgId, provider, name, JSON.stringify(settings)],
            ...[JSON.stringify(labels), `ref/${id}`, account.id, account.name],
          ],
        );
      });
    },
    authenticate(principal, id, fresh) {
      return store(principal, id, fresh, async (tx) => {
        const rows = await tx.query(
          `UPDATE connections SET status = 'active', account_id = $3, version = version + 1
           WHERE id = $1 AND tenant_id = $2 RETURNING id`,
          [id, principal.tenantId, fresh.account.id],
        );
        if (rows.length === 0) throw new NotFound(`There is no connection ${id}.`);
      });
    },
  };
}
