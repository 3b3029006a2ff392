import type { Connection, ConnectionStatus } from './connection.ts';

/** A row of the table connections, as drivers give it. */
export interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  readonly status_reason: string | null;
  readonly status_detail: string | null;
  readonly status_since: Date;
  readonly settings: Record<string, unknown>;
  readonly labels: Record<string, string>;
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly secret_ref: string;
  readonly last_sync_at: Date | null;
  readonly last_error: string | null;
  readonly last_error_detail: string | null;
  readonly last_error_at: Date | null;
  readonly error_count: string;
  readonly disconnected_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: string;
}

/** What is selected for fromRow, of the table by that name. */
export const COLUMNS = [
  'id, tenant_id, org_id, provider, name, status, status_reason, status_detail, status_since',
  'settings, labels, account_id, account_name, secret_ref, last_sync_at, last_error',
  'last_error_detail, last_error_at, error_count, disconnected_at, created_at, updated_at, version',
].join(', ');

export function fromRow(row: ConnectionRow): Connection {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    provider: row.provider,
    name: row.name,
    status: row.status,
    statusReason: row.status_reason,
    statusDetail: row.status_detail,
    statusSince: row.status_since.toISOString(),
    settings: row.settings,
    labels: row.labels,
    accountId: row.account_id,
    accountName: row.account_name,
    secretRef: row.secret_ref,
    lastSyncAt: instant(row.last_sync_at),
    lastError: row.last_error,
    lastErrorDetail: row.last_error_detail,
    lastErrorAt: instant(row.last_error_at),
    errorCount: Number(row.error_count),
    disconnectedAt: instant(row.disconnected_at),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    version: Number(row.version),
  };
}

function instant(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
