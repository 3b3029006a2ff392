import type { Queryable } from '#platform/database/database.ts';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import type { Connection } from '../connections/connection.ts';
import { COLUMNS, type ConnectionRow, fromRow } from '../connections/connection-row.ts';

export interface CredentialFacts {
  readonly kind: string;
  readonly secret_ref: string;
  readonly secret_ref_version: number;
  readonly expires_at: Date | null;
  readonly scopes_requested: readonly string[];
  readonly scopes_granted: readonly string[];
  readonly last_refreshed_at: Date | null;
  readonly failure: string | null;
  readonly failure_detail: string | null;
}

export interface HealthFacts {
  readonly circuit: 'closed' | 'open' | 'half_open';
  readonly last_check_at: Date | null;
  readonly last_outcome: 'ok' | 'failed' | null;
  readonly interval_seconds: number;
}

export interface RegistrationFacts {
  readonly resource: string;
  readonly state: 'pending' | 'active' | 'failed';
  readonly expires_at: Date | null;
  readonly failure_detail: string | null;
}

export interface CanaryFacts {
  readonly sent_at: Date;
  readonly outboxed: boolean;
  readonly published: boolean;
  readonly consumed_at: Date | null;
}

/** A connection with what Postgres knows around it. */
export interface ConnectionFacts extends Connection {
  readonly credential: CredentialFacts | null;
  readonly health: HealthFacts | null;
  readonly registrations: readonly RegistrationFacts[];
}

/**
 * What is known of the connections of a provider that the caller sees.
 *
 * @param tx of the caller's tenant (`forTenant`)
 * @param id of the one connection that is asked for, if it is one
 */
export async function connectionFacts(
  tx: Queryable,
  { tenantId, orgId }: TenantScope,
  provider: string,
  id?: string,
): Promise<ConnectionFacts[]> {
  const rows = await tx.query<ConnectionRow>(
    `SELECT ${COLUMNS} FROM connections
     WHERE tenant_id = $1 AND (org_id IS NULL OR org_id = $2) AND provider = $3
       AND ($4::text IS NULL OR id = $4)
     ORDER BY created_at, id LIMIT 100`,
    [tenantId, orgId, provider, id ?? null],
  );
  const ids = rows.map((row) => row.id);
  const values = [tenantId, ids];
  const of = 'WHERE tenant_id = $1 AND connection_id = ANY($2::text[])';
  type Of<Facts> = Facts & { readonly connection_id: string };
  const credentials = await tx.query<Of<CredentialFacts>>(
    `SELECT connection_id, kind, secret_ref, secret_ref_version, expires_at, scopes_requested,
       scopes_granted, last_refreshed_at, failure, failure_detail
     FROM connection_credentials ${of}`,
    values,
  );
  const health = await tx.query<Of<HealthFacts>>(
    `SELECT connection_id, circuit, last_check_at, last_outcome, interval_seconds
     FROM connection_health ${of}`,
    values,
  );
  const registrations = await tx.query<Of<RegistrationFacts>>(
    `SELECT connection_id, resource, state, expires_at, failure_detail
     FROM webhook_registrations ${of} ORDER BY resource`,
    values,
  );
  return rows.map((row) => {
    const isOf = (one: { readonly connection_id: string }) => one.connection_id === row.id;
    return {
      ...fromRow(row),
      credential: credentials.find(isOf) ?? null,
      health: health.find(isOf) ?? null,
      registrations: registrations.filter(isOf),
    };
  });
}
