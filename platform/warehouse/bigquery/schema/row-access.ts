import { ANALYST_ACCESS, type Table } from '#schemas/tables.ts';

/** A row access policy: rows of the table for which the predicate holds are shown to the grantees. */
export interface RowAccessPolicy {
  readonly table: string;
  readonly name: string;
  readonly grantees: readonly string[];
  readonly predicate: string;
}

/** Whoever has no row in analyst_access sees nothing; reading a table takes a role besides. */
const EVERYONE_SIGNED_IN = 'allAuthenticatedUsers';

/**
 * The policies of a table. One policy asks a membership table, as a policy for each tenant would stop
 * at BigQuery's 400 for a table.
 *
 * @param readers IAM members that see every row: the accounts of the services, and who administers
 * @returns the readers' policy first, so that there is no moment at which they see nothing
 */
export function rowAccessPolicies(table: Table, readers: readonly string[]): RowAccessPolicy[] {
  const predicate = membershipPredicate(table);
  if (predicate === undefined) return [];
  return [
    { table: table.name, name: 'readers', grantees: readers, predicate: 'TRUE' },
    { table: table.name, name: 'analysts', grantees: [EVERYONE_SIGNED_IN], predicate },
  ];
}

/**
 * Whether the person who asks may see a row: a member of all of the tenant sees all of its rows, a
 * member of an organisation that one's rows and those of platform level.
 *
 * @returns undefined for a table whose rows belong to no tenant
 */
export function membershipPredicate(table: Table): string | undefined {
  if (table.tenantIn === 'none') return undefined;
  const column = (name: string) =>
    table.tenantIn === 'attributes' ? `JSON_VALUE(attributes, '$.${name}')` : name;
  const [tenant, org] = [column('tenant_id'), column('org_id')];
  const wholeTenant = `${tenant} IN (
  SELECT access.tenant_id FROM ${ANALYST_ACCESS.name} AS access
  WHERE access.principal = SESSION_USER() AND access.org_id IS NULL
)`;
  if (table.tenantIn === 'tenant') return wholeTenant;
  return `${wholeTenant}
OR (${org} IS NULL AND ${tenant} IN (
  SELECT access.tenant_id FROM ${ANALYST_ACCESS.name} AS access
  WHERE access.principal = SESSION_USER()
))
OR ${pair(tenant, org)} IN (
  SELECT ${pair('access.tenant_id', 'access.org_id')} FROM ${ANALYST_ACCESS.name} AS access
  WHERE access.principal = SESSION_USER()
)`;
}

/** The statement that creates or replaces a policy. */
export function policyStatement({ table, name, grantees, predicate }: RowAccessPolicy): string {
  const members = grantees.map((member) => `'${member.replaceAll(/['\\]/g, '\\$&')}'`).join(', ');
  return [
    `CREATE OR REPLACE ROW ACCESS POLICY ${name}`,
    `ON ${table}`,
    `GRANT TO (${members})`,
    `FILTER USING (\n${predicate}\n)`,
  ].join('\n');
}

/**
 * Two texts as one that no other two make. IN over a subquery takes no STRUCT in a row access policy
 * (Google, "Introduction to BigQuery row-level security").
 */
function pair(first: string, second: string): string {
  return `(CAST(LENGTH(${first}) AS STRING) || ':' || ${first} || ${second})`;
}
