import type { DeclaredSchema } from './declared-schema.ts';
import type { FoundSchema } from './found-schema.ts';
import { policyStatement, type RowAccessPolicy } from './row-access.ts';
import type { Step } from './step.ts';

/** Steps for one policy: none when it stands as declared. */
export function policySteps(
  policy: RowAccessPolicy,
  declared: DeclaredSchema,
  found: FoundSchema,
): Step[] {
  const { table, name, predicate, grantees } = policy;
  const there = found.policies.get(table)?.find((one) => one.name === name);
  const changes = [
    ...(sameText(there?.predicate ?? '', predicate) ? [] : ['its predicate']),
    ...(sameMembers(there?.grantees ?? [], grantees) ? [] : [`granted to ${grantees.join(', ')}`]),
  ];
  if (there && changes.length === 0) return [];
  const { projectId, dataset } = declared.name;
  const qualified = { ...policy, table: `\`${projectId}\`.\`${dataset}\`.\`${table}\`` };
  return [
    {
      action: there ? 'update' : 'create',
      kind: 'row access policy',
      name: `${table}.${name}`,
      changes: there ? changes : [],
      request: {
        sql: policyStatement(qualified),
        needs: {
          permission: `bigquery.rowAccessPolicies.${there ? 'update' : 'create'}`,
          resource: `table ${table}`,
        },
      },
    },
  ];
}

/** Whether two predicates are one but for white space, which BigQuery need not keep. */
function sameText(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim().toLowerCase();
  return plain(one) === plain(other);
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return [...some].sort().join('\n') === [...others].sort().join('\n');
}
