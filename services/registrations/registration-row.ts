import type { Registration } from './registration.ts';

/** A registration, as Postgres gives it. */
export interface Row {
  readonly id: string;
  readonly connection_id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly resource: string;
  readonly external_id: string | null;
  readonly state: Registration['state'];
  readonly expires_at: Date | null;
  readonly renewed_at: Date | null;
  readonly failures: number;
  readonly retry_at: Date | null;
  readonly failure: string | null;
  readonly failure_detail: string | null;
  readonly data: { readonly secret_version?: number; readonly url?: string };
  readonly created_at: Date;
}

export const COLUMNS = `id, connection_id, tenant_id, org_id, resource, external_id, state, expires_at, renewed_at,
  failures, retry_at, failure, failure_detail, data, created_at`;

export function registrationOf(row: Row): Registration {
  return {
    id: row.id,
    connectionId: row.connection_id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    resource: row.resource,
    externalId: row.external_id,
    state: row.state,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    renewedAtMs: row.renewed_at?.getTime() ?? null,
    failures: row.failures,
    retryAtMs: row.retry_at?.getTime() ?? null,
    failure: row.failure,
    failureDetail: row.failure_detail,
    registered: { secretVersion: row.data.secret_version, url: row.data.url },
    createdAtMs: row.created_at.getTime(),
  };
}
