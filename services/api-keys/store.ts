import type { Queryable } from '#platform/database/database.ts';
import { InvalidRequest, NotFound } from '#schemas/problems.ts';
import type { Role } from '../access/access.ts';
import type { Principal } from '../access/principal.ts';
import type { NewApiKey } from './api-key.ts';

export interface ApiKeyRow {
  readonly id: string;
  readonly org_id: string | null;
  readonly name: string;
  readonly prefix: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly revoked_by: string | null;
  readonly last_used_at: Date | null;
  readonly created_by: string;
  /** In whole milliseconds, so that a Date holds it exactly. */
  readonly created_at: Date;
}

/** What its maker decides. */
export interface ApiKeyDraft {
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
}

/** Whose keys: an organisation's, or with null those of the platform level. */
type Owner = Pick<Principal, 'tenantId' | 'orgId'>;

const COLUMNS = `id, org_id, name, prefix, role, scopes, expires_at, revoked_at, revoked_by,
  last_used_at, created_by, created_at`;
/** Keys of the platform level open what all organisations share: they are not shown to those. */
const OWN = 'tenant_id = $1 AND org_id IS NOT DISTINCT FROM $2';
const MAX_KEYS = 1_000;

/** @throws InvalidRequest beyond MAX_KEYS that are in force */
export async function insertApiKey(
  database: Queryable,
  { tenantId, orgId, actor }: Principal,
  { id, prefix, hash }: NewApiKey,
  { name, role, scopes, expiresAt }: ApiKeyDraft,
): Promise<ApiKeyRow> {
  const [row] = await database.query<ApiKeyRow>(
    `INSERT INTO api_keys (id, tenant_id, org_id, name, prefix, hash, role, scopes, expires_at, created_by,
       created_at)
     SELECT $3, $1, $2, $4, $5, $6, $7, $8::text[], $9::timestamptz, $10,
       date_trunc('milliseconds', now())
     WHERE $11 > (
       SELECT count(*) FROM api_keys
       WHERE ${OWN} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
     )
     RETURNING ${COLUMNS}`,
    [tenantId, orgId, id, name, prefix, hash, role, [...scopes], expiresAt, actor, MAX_KEYS],
  );
  if (row) return row;
  throw new InvalidRequest(`There are ${MAX_KEYS} API keys in force. Revoke some first.`);
}

/** @param before time of creation and id of the last key of the page before */
export function listApiKeys(
  database: Queryable,
  { tenantId, orgId }: Owner,
  { limit, before }: { readonly limit: number; readonly before: readonly string[] },
): Promise<ApiKeyRow[]> {
  const [createdAt = null, id = null] = before;
  return database.query<ApiKeyRow>(
    `SELECT ${COLUMNS} FROM api_keys
     WHERE ${OWN} AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::text))
     ORDER BY created_at DESC, id DESC LIMIT $5`,
    [tenantId, orgId, createdAt, id, limit],
  );
}

/**
 * One of the owner's own, held until the transaction ends.
 *
 * @throws NotFound also when it is somebody else's
 */
export async function lockApiKey(tx: Queryable, owner: Owner, id: string): Promise<ApiKeyRow> {
  const rows = await tx.query<ApiKeyRow>(
    `SELECT ${COLUMNS} FROM api_keys WHERE ${OWN} AND id = $3 FOR UPDATE`,
    [owner.tenantId, owner.orgId, id],
  );
  return single(rows, id);
}

/** From now on nobody is let in by it. @throws NotFound */
export async function revokeApiKey(
  tx: Queryable,
  { tenantId, orgId, actor }: Principal,
  id: string,
): Promise<ApiKeyRow> {
  const rows = await tx.query<ApiKeyRow>(
    `UPDATE api_keys SET revoked_at = now(), revoked_by = $4
     WHERE ${OWN} AND id = $3 RETURNING ${COLUMNS}`,
    [tenantId, orgId, id, actor],
  );
  return single(rows, id);
}

function single([row]: readonly ApiKeyRow[], id: string): ApiKeyRow {
  if (row) return row;
  throw new NotFound(`There is no API key ${id}.`);
}
