import type { Database, Queryable } from './database.ts';

/** For whom statements are run. */
export interface TenantScope {
  readonly tenantId: string;
  /** The organisation; null for the platform level. */
  readonly orgId: string | null;
  /** `tenant` sees the rows of all organisations, `org` its own and those that all share. */
  readonly reach: 'org' | 'tenant';
}

/** The part of a database that services of one tenant use. */
export type TenantDatabase = Pick<Database, 'query' | 'transaction'>;

/**
 * In one statement, as each costs a round trip. The search path first: "$user" in it would be another
 * schema for another role.
 */
const ACT_AS = `
  SELECT set_config('search_path', quote_ident(current_schema()), true),
    set_config('tributary.tenant_id', $1, true),
    set_config('tributary.org_id', $2, true),
    set_config('tributary.reach', $3, true),
    set_config('role', 'tributary_app', true)`;

/**
 * The database as a tenant may see it: every statement runs in a transaction as the role tributary_app,
 * so that row-level security decides on each row, whatever the statement says.
 *
 * A table that the role may not touch fails with SQLSTATE 42501; a row that it may not write too.
 */
export function forTenant(database: TenantDatabase, scope: TenantScope): TenantDatabase {
  const transaction = <Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> =>
    database.transaction(async (tx) => {
      await tx.query(ACT_AS, [scope.tenantId, scope.orgId ?? '', scope.reach]);
      return work(tx);
    });
  return {
    transaction,
    query: <Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> =>
      transaction((tx) => tx.query<Row>(sql, values)),
  };
}
