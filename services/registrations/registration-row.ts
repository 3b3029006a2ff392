import type { ConnectionStatus } from '../connections/connection.ts';
import type { RegisteringConnection, Registration } from './registration.ts';

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

/** Its connection. */
export interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  readonly settings: Record<string, unknown>;
  readonly secret_ref: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly disconnected: boolean;
  readonly has_credential: boolean;
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

export function connectionOf(row: ConnectionRow): RegisteringConnection {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    provider: row.provider,
    name: row.name,
    status: row.status,
    settings: row.settings,
    secretRef: row.secret_ref,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    disconnected: row.disconnected,
    hasCredential: row.has_credential,
  };
}
