import type { CredentialKind } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { RefreshedConnection } from './refresh.ts';

/** What is known of a connection's credential besides the credential. Holds no secret. */
export interface CredentialRow {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly kind: CredentialKind;
  readonly secretRef: string;
  /** The version in use: the same for all processes. */
  readonly version: number;
  readonly expiresAt: Date | null;
  readonly scopesRequested: readonly string[];
  readonly scopesGranted: readonly string[];
  readonly lastUsedAt: Date | null;
  readonly lastRefreshedAt: Date | null;
  readonly refreshCount: number;
  /** Since when a refresh is under way, or its outcome is unknown. */
  readonly refreshStartedAt: Date | null;
  readonly failures: number;
  /** When a refresh that failed may be tried again. */
  readonly retryAt: Date | null;
  /** Why the last refresh failed. Without `retryAt` it stays so until somebody authenticates. */
  readonly failure: string | null;
  readonly failureDetail: string | null;
  readonly connection: RefreshedConnection;
  /** The database's clock when the row was read. */
  readonly now: Date;
}

interface Row {
  readonly connection_id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly kind: CredentialKind;
  readonly secret_ref: string;
  readonly secret_ref_version: number;
  readonly expires_at: Date | null;
  readonly scopes_requested: string[];
  readonly scopes_granted: string[];
  readonly last_used_at: Date | null;
  readonly last_refreshed_at: Date | null;
  readonly refresh_count: string;
  readonly refresh_started_at: Date | null;
  readonly failures: number;
  readonly retry_at: Date | null;
  readonly failure: string | null;
  readonly failure_detail: string | null;
  readonly provider: string;
  readonly settings: Record<string, unknown>;
  readonly now: Date;
}

/** Reads the row of a connection, whosever it is. @returns undefined when it has no credential */
export async function readCredentialRow(
  database: Queryable,
  connectionId: string,
): Promise<CredentialRow | undefined> {
  const [row] = await database.query<Row>(
    `SELECT credentials.*, provider, settings, now() AS now
     FROM connection_credentials AS credentials
     JOIN connections ON connections.id = credentials.connection_id
     WHERE connection_id = $1`,
    [connectionId],
  );
  return row && fromRow(row);
}

function fromRow(row: Row): CredentialRow {
  return {
    connectionId: row.connection_id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    kind: row.kind,
    secretRef: row.secret_ref,
    version: row.secret_ref_version,
    expiresAt: row.expires_at,
    scopesRequested: row.scopes_requested,
    scopesGranted: row.scopes_granted,
    lastUsedAt: row.last_used_at,
    lastRefreshedAt: row.last_refreshed_at,
    refreshCount: Number(row.refresh_count),
    refreshStartedAt: row.refresh_started_at,
    failures: row.failures,
    retryAt: row.retry_at,
    failure: row.failure,
    failureDetail: row.failure_detail,
    connection: {
      id: row.connection_id,
      tenantId: row.tenant_id,
      provider: row.provider,
      settings: row.settings,
    },
    now: row.now,
  };
}
