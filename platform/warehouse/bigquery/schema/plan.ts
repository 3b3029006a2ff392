import type { Fault } from '#schemas/problem.ts';
import { SchemaMismatch } from '#schemas/problems.ts';
import type { DeclaredSchema } from './declared-schema.ts';
import type { FoundSchema } from './found-schema.ts';
import { createStep, datasetSteps, objectSteps } from './object-steps.ts';
import { planTable } from './plan-table.ts';
import { policySteps } from './policy-steps.ts';
import type { Step } from './step.ts';
import { tableResource } from './table-resource.ts';

/**
 * The steps that bring a dataset to what is declared, in an order in which they can be taken. Nothing
 * is ever removed.
 *
 * @returns no step when there is nothing to do
 * @throws SchemaMismatch naming each table and column that cannot be changed in place
 * @throws InvalidConfig when the dataset is in another location, which it cannot leave
 */
export function planSchema(declared: DeclaredSchema, found: FoundSchema): Step[] {
  const steps = datasetSteps(declared, found);
  const faults: Fault[] = [];
  let columnsAdded = false;
  for (const table of declared.tables) {
    const there = found.tables.get(table.name);
    const resource = tableResource(table);
    if (!there) {
      steps.push(createStep(declared, 'table', table.name, resource));
      continue;
    }
    const plan = planTable(resource, there);
    for (const { pointer, message } of plan.faults) {
      faults.push({ pointer: `/${table.name}${pointer}`, message });
    }
    columnsAdded ||= plan.columnsAdded;
    if (plan.changes.length === 0) continue;
    steps.push({
      action: 'update',
      kind: 'table',
      name: table.name,
      changes: plan.changes,
      request: {
        method: 'PATCH',
        path: `/datasets/${declared.name.dataset}/tables/${table.name}`,
        body: plan.patch,
        needs: { permission: 'bigquery.tables.update', resource: `table ${table.name}` },
      },
    });
  }
  for (const object of declared.objects) {
    const there = found.tables.get(object.name);
    if (object.kind === 'view' && there && there.type !== 'VIEW') {
      faults.push({ pointer: `/${object.name}`, message: `is a ${there.type}, not a view` });
    }
    steps.push(...objectSteps(declared, object, found, columnsAdded));
  }
  for (const policy of declared.policies) steps.push(...policySteps(policy, declared, found));
  if (faults.length > 0) throw mismatch(faults);
  return steps;
}

function mismatch(faults: readonly Fault[]): SchemaMismatch {
  const list = faults.map(
    ({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.')} ${message}`,
  );
  return new SchemaMismatch(
    `The dataset cannot be brought to what is declared: ${list.join('; ')}. Nothing was changed. Move the table aside (ALTER TABLE … RENAME TO …), apply again, and copy its rows.`,
    { faults },
  );
}
