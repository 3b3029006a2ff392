import { type DeclaredSchema, loadDeclaredSchema } from './declared-schema.ts';
import type { FoundFunction, FoundPolicy, FoundSchema, FoundTable } from './found-schema.ts';
import { planSchema } from './plan.ts';
import { Rest, type RestOptions } from './rest.ts';
import type { Step } from './step.ts';

export interface ApplySchemaOptions extends RestOptions {
  readonly dataset: string;
  /** Of the dataset, such as EU. */
  readonly location: string;
  /** IAM members that see every row. With none, row access is left as it is. */
  readonly readers: readonly string[];
  /** Plans, and changes nothing. */
  readonly dryRun: boolean;
  /** Told of each step once it is taken. */
  readonly onStep?: (step: Step) => void;
}

/**
 * Creates the dataset with its tables, functions, views and row access policies, or brings one that
 * exists to what is declared. Everything is compared before anything is changed; a second run finds
 * nothing to do, and one after a failure goes on where the other ended.
 *
 * @returns the steps: taken, or with dryRun those it would take
 * @throws SchemaMismatch when a table cannot be upgraded in place; nothing is changed
 * @throws PermissionMissing, ResourceMissing, InvalidConfig, InvalidRequest, WarehouseUnavailable
 */
export async function applySchema(options: ApplySchemaOptions): Promise<Step[]> {
  const rest = new Rest(options);
  const declared = await loadDeclaredSchema(options);
  const steps = planSchema(declared, await findSchema(rest, declared));
  if (options.dryRun) return steps;
  for (const step of steps) {
    if ('sql' in step.request) await rest.run(step.request, declared.location);
    else await rest.call(step.request);
    options.onStep?.(step);
  }
  return steps;
}

async function findSchema(rest: Rest, declared: DeclaredSchema): Promise<FoundSchema> {
  const { dataset: name } = declared.name;
  const needs = (permission: string, resource: string) => ({
    permission: `bigquery.${permission}`,
    resource,
  });
  const dataset = await rest.find<NonNullable<FoundSchema['dataset']>>({
    method: 'GET',
    path: `/datasets/${name}`,
    needs: needs('datasets.get', `dataset ${name}`),
  });
  if (!dataset) return { tables: new Map(), functions: new Map(), policies: new Map() };
  const tables = await findAll(
    [...declared.tables, ...declared.objects.filter(({ kind }) => kind === 'view')],
    (table) =>
      rest.find<FoundTable>({
        method: 'GET',
        path: `/datasets/${name}/tables/${table}`,
        needs: needs('tables.get', `table ${table}`),
      }),
  );
  const functions = await findAll(
    declared.objects.filter(({ kind }) => kind === 'function'),
    (routine) =>
      rest.find<FoundFunction>({
        method: 'GET',
        path: `/datasets/${name}/routines/${routine}`,
        needs: needs('routines.get', `function ${routine}`),
      }),
  );
  const guarded = new Set(declared.policies.map(({ table }) => table));
  const policies = await findAll(
    declared.tables.filter((table) => guarded.has(table.name) && tables.has(table.name)),
    (table) => findPolicies(rest, name, table),
  );
  return { dataset, tables, functions, policies };
}

async function findAll<Found>(
  declared: readonly { readonly name: string }[],
  find: (name: string) => Promise<Found | undefined>,
): Promise<Map<string, Found>> {
  const all = new Map<string, Found>();
  await Promise.all(
    declared.map(async ({ name }) => {
      const found = await find(name);
      if (found !== undefined) all.set(name, found);
    }),
  );
  return all;
}

interface PolicyList {
  readonly rowAccessPolicies?: readonly {
    readonly rowAccessPolicyReference: { readonly policyId: string };
    readonly filterPredicate?: string;
  }[];
}

interface IamPolicy {
  readonly bindings?: readonly { readonly members?: readonly string[] }[];
}

async function findPolicies(rest: Rest, dataset: string, table: string): Promise<FoundPolicy[]> {
  const path = `/datasets/${dataset}/tables/${table}/rowAccessPolicies`;
  const resource = `table ${table}`;
  const list = await rest.call<PolicyList>({
    method: 'GET',
    path,
    needs: { permission: 'bigquery.rowAccessPolicies.list', resource },
  });
  return Promise.all(
    (list.rowAccessPolicies ?? []).map(async ({ rowAccessPolicyReference, filterPredicate }) => {
      const name = rowAccessPolicyReference.policyId;
      const iam = await rest.call<IamPolicy>({
        method: 'POST',
        path: `${path}/${name}:getIamPolicy`,
        body: {},
        needs: { permission: 'bigquery.rowAccessPolicies.getIamPolicy', resource },
      });
      const grantees = (iam.bindings ?? []).flatMap(({ members }) => members ?? []);
      return { name, grantees, predicate: filterPredicate ?? '' };
    }),
  );
}
