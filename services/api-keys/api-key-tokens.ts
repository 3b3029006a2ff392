import type { Queryable } from '#platform/database/database.ts';
import { NotAuthenticated } from '#schemas/problems.ts';
import type { Role } from '../access/access.ts';
import type { TokenKind } from '../access/bearer.ts';
import { apiKeyHash, isApiKey } from './api-key.ts';

interface FoundKey {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly expires_at: Date | null;
  readonly unnoted: boolean;
}

/**
 * Keys of programs, as bearer tokens. Asks the database for each request: a revoked key is refused by
 * every process at once.
 *
 * @param database the server's own: whose key it is shows only when it is found
 */
export function apiKeyTokens(database: Queryable): TokenKind {
  return async (presented) => {
    if (!isApiKey(presented)) return undefined;
    const [found] = await database.query<FoundKey>(
      `SELECT id, tenant_id, org_id, name, role, scopes, expires_at,
         last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS unnoted
       FROM api_keys
       WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [apiKeyHash(presented)],
    );
    if (!found) throw new NotAuthenticated('The API key is not valid. Ask for a new one.');
    if (found.unnoted) await noteUse(database, found.id);
    const { id, tenant_id: tenantId, org_id: orgId, role, scopes, expires_at: expiresAt } = found;
    const actor = `api key ${found.name} (${id})`;
    return { tenantId, orgId, role, actor, apiKey: { id, scopes, expiresAt } };
  };
}

/** Asks for the minute once more: of many requests at once, one writes. */
async function noteUse(database: Queryable, id: string): Promise<void> {
  await database.query(
    `UPDATE api_keys SET last_used_at = now()
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [id],
  );
}
