import type { Queryable } from '#platform/database/database.ts';

/**
 * Whether a connection, of whichever tenant, may live by the same consent of the same account, so that
 * revoking it at the provider would cut that one off.
 *
 * @param database the server's own
 * @param accountId null where it is not known, which counts as any
 * @param except a connection that does not count
 */
export async function isGrantShared(
  database: Queryable,
  provider: string,
  accountId: string | null,
  except: string | null = null,
): Promise<boolean> {
  const found = await database.query(
    `SELECT FROM connections
     JOIN connection_credentials ON connection_credentials.connection_id = connections.id
     WHERE connections.provider = $1 AND connection_credentials.kind = 'oauth2'
       AND ($2::text IS NULL OR account_id IS NULL OR account_id = $2)
       AND connections.id IS DISTINCT FROM $3
     LIMIT 1`,
    [provider, accountId, except],
  );
  return found.length > 0;
}
