import type { SqlObject } from '#platform/warehouse/sql-objects.ts';
import { InvalidConfig } from '#schemas/problems.ts';
import type { DeclaredSchema } from './declared-schema.ts';
import type { FoundSchema } from './found-schema.ts';
import type { Step } from './step.ts';

const DATASET = {
  description: 'Tributary: the outbox of integration events and what belongs to it.',
  labels: { product: 'tributary' },
};
const TIMESTAMP = { typeKind: 'TIMESTAMP' };
const ARGUMENTS = [
  { name: 'from_time', dataType: TIMESTAMP },
  { name: 'to_time', dataType: TIMESTAMP },
];

/**
 * @returns nothing when there is a dataset
 * @throws InvalidConfig when it is in another location
 */
export function datasetSteps({ name, location }: DeclaredSchema, { dataset }: FoundSchema): Step[] {
  if (!dataset) {
    const reference = { projectId: name.projectId, datasetId: name.dataset };
    const needs = {
      permission: 'bigquery.datasets.create',
      resource: `project ${name.projectId}`,
    };
    const body = { datasetReference: reference, location, ...DATASET };
    const request = { method: 'POST', path: '/datasets', body, needs } as const;
    return [{ action: 'create', kind: 'dataset', name: name.dataset, changes: [], request }];
  }
  const is = dataset.location ?? location;
  if (is.toLowerCase() !== location.toLowerCase()) {
    throw new InvalidConfig(
      `The dataset ${name.dataset} is in ${is}, not in ${location}, and a dataset cannot move. Set TRIBUTARY_BIGQUERY_LOCATION to ${is}, or name another dataset.`,
    );
  }
  return [];
}

/** The step that creates a table or a view. @param resource of the REST API, without its name */
export function createStep(
  { name }: DeclaredSchema,
  kind: 'table' | 'view',
  table: string,
  resource: object,
): Step {
  const { projectId, dataset } = name;
  const tableReference = { projectId, datasetId: dataset, tableId: table };
  return {
    action: 'create',
    kind,
    name: table,
    changes: [],
    request: {
      method: 'POST',
      path: `/datasets/${dataset}/tables`,
      body: { tableReference, ...resource },
      needs: { permission: 'bigquery.tables.create', resource: `dataset ${dataset}` },
    },
  };
}

/**
 * Steps for a view or a function.
 *
 * @param refresh when columns were added to a table: BigQuery keeps a view's columns as they were when
 *   it was made (Google, "Create logical views")
 */
export function objectSteps(
  declared: DeclaredSchema,
  object: SqlObject,
  found: FoundSchema,
  refresh: boolean,
): Step[] {
  const { kind, name, description, body } = object;
  const view = found.tables.get(name);
  const routine = found.functions.get(name);
  const there = kind === 'view' ? view : routine;
  const definition = kind === 'view' ? view?.view?.query : routine?.definitionBody;
  const changes = [
    ...(definition === body ? [] : ['its definition']),
    ...(there?.description === description ? [] : ['its description']),
    ...(refresh ? ['the columns that were added to a table'] : []),
  ];
  if (there && changes.length === 0) return [];
  return kind === 'view'
    ? [viewStep(declared, object, changes, Boolean(there))]
    : [functionStep(declared, object, changes, Boolean(there))];
}

function viewStep(
  declared: DeclaredSchema,
  { name, description, body }: SqlObject,
  changes: readonly string[],
  exists: boolean,
): Step {
  const resource = { description, view: { query: body, useLegacySql: false } };
  if (!exists) return createStep(declared, 'view', name, { ...resource, labels: DATASET.labels });
  const path = `/datasets/${declared.name.dataset}/tables/${name}`;
  const needs = { permission: 'bigquery.tables.update', resource: `view ${name}` };
  const request = { method: 'PATCH', path, body: resource, needs } as const;
  return { action: 'update', kind: 'view', name, changes, request };
}

function functionStep(
  { name: { projectId, dataset } }: DeclaredSchema,
  { name, description, body }: SqlObject,
  changes: readonly string[],
  exists: boolean,
): Step {
  const resource = {
    routineReference: { projectId, datasetId: dataset, routineId: name },
    routineType: 'TABLE_VALUED_FUNCTION',
    language: 'SQL',
    arguments: ARGUMENTS,
    description,
    definitionBody: body,
  };
  const routines = `/datasets/${dataset}/routines`;
  return exists
    ? {
        action: 'update',
        kind: 'function',
        name,
        changes,
        request: {
          method: 'PUT',
          path: `${routines}/${name}`,
          body: resource,
          needs: { permission: 'bigquery.routines.update', resource: `function ${name}` },
        },
      }
    : {
        action: 'create',
        kind: 'function',
        name,
        changes: [],
        request: {
          method: 'POST',
          path: routines,
          body: resource,
          needs: { permission: 'bigquery.routines.create', resource: `dataset ${dataset}` },
        },
      };
}
