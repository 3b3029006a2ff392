import type { Fault } from '#schemas/problem.ts';
import type { FieldSchema } from '../table-schema.ts';
import type { FoundField, FoundTable } from './found-schema.ts';
import type { TableResource } from './table-resource.ts';

/** How a table that exists comes to what is declared. */
export interface TableChanges {
  /** One line each; empty when there is nothing to do. */
  readonly changes: readonly string[];
  /** What to patch its resource with. */
  readonly patch: Readonly<Record<string, unknown>>;
  readonly columnsAdded: boolean;
  /** What cannot be changed in place, by `/column`. */
  readonly faults: readonly Fault[];
}

/** Names that the REST API takes and never answers with; emulators do. */
const CANONICAL_TYPES: Readonly<Record<string, string>> = { INT64: 'INTEGER', BOOL: 'BOOLEAN' };

/**
 * Compares a table with its declaration. Columns that are not declared stay. What others set and we do
 * not, such as further labels, stays too.
 */
export function planTable(declared: TableResource, found: FoundTable): TableChanges {
  if (found.type !== undefined && found.type !== 'TABLE') {
    const message = `is a ${found.type}, not a table`;
    return { changes: [], patch: {}, columnsAdded: false, faults: [{ pointer: '', message }] };
  }
  const columns = planColumns(declared.schema.fields, found.schema?.fields ?? []);
  const changes = [...columns.changes];
  const patch: Record<string, unknown> = {};
  if (changes.length > 0) patch.schema = { fields: columns.fields };
  const faults = [...columns.faults, ...partitionFaults(declared, found)];

  if (declared.description !== (found.description ?? '')) {
    patch.description = declared.description;
    changes.push('its description');
  }
  const labels = Object.entries(declared.labels);
  if (labels.some(([key, value]) => found.labels?.[key] !== value)) {
    patch.labels = declared.labels;
    changes.push(`labels ${labels.map((pair) => pair.join('=')).join(', ')}`);
  }
  const expirationMs = declared.timePartitioning?.expirationMs;
  if (expirationMs !== found.timePartitioning?.expirationMs) {
    patch.timePartitioning = { ...declared.timePartitioning, expirationMs: expirationMs ?? null };
    changes.push(`partitions expire after ${asDays(expirationMs)}`);
  }
  if (String(declared.clustering?.fields ?? '') !== String(found.clustering?.fields ?? '')) {
    patch.clustering = declared.clustering ?? null;
    changes.push(`clustered by ${declared.clustering?.fields.join(', ') ?? 'nothing'}`);
  }
  if (declared.requirePartitionFilter !== (found.requirePartitionFilter ?? false)) {
    patch.requirePartitionFilter = declared.requirePartitionFilter;
    changes.push(`partition filter ${declared.requirePartitionFilter ? '' : 'not '}required`);
  }
  return { changes, patch, columnsAdded: columns.added, faults };
}

function planColumns(declared: readonly FieldSchema[], found: readonly FoundField[]) {
  const changes: string[] = [];
  const faults: Fault[] = [];
  // As others and their descriptions of columns must survive, the fields found are what is built on.
  const fields: object[] = [];
  for (const column of found) {
    const wanted = declared.find(({ name }) => name === column.name);
    if (!wanted) {
      fields.push(column);
      continue;
    }
    const fault = columnFault(wanted, column);
    if (fault) faults.push({ pointer: `/${column.name}`, message: fault });
    if (wanted.mode === 'NULLABLE' && column.mode === 'REQUIRED') {
      changes.push(`column ${column.name} may be null`);
    }
    if (wanted.description !== (column.description ?? '')) {
      changes.push(`description of column ${column.name}`);
    }
    fields.push({ ...column, mode: wanted.mode, description: wanted.description });
  }
  const missing = declared.filter(({ name }) => !found.some((column) => column.name === name));
  for (const column of missing) {
    if (column.mode === 'REQUIRED') {
      const message = `is missing, and a ${column.type} that is required cannot be added`;
      faults.push({ pointer: `/${column.name}`, message });
    }
    changes.push(`column ${column.name} ${column.type} added`);
    fields.push(column);
  }
  return { changes, faults, fields, added: missing.length > 0 };
}

function columnFault(wanted: FieldSchema, found: FoundField): string | undefined {
  const type = CANONICAL_TYPES[found.type] ?? found.type;
  if (type !== wanted.type) return `is ${type}, not ${wanted.type}`;
  const mode = found.mode ?? 'NULLABLE';
  if (mode === 'REPEATED') return 'is an array';
  if (mode === 'NULLABLE' && wanted.mode === 'REQUIRED') return 'may be null, and must not';
  return undefined;
}

function partitionFaults(declared: TableResource, found: FoundTable): Fault[] {
  const describe = (one: FoundTable['timePartitioning']) =>
    one ? `by ${one.type} of ${one.field ?? 'the time of insertion'}` : 'not';
  const [wanted, is] = [describe(declared.timePartitioning), describe(found.timePartitioning)];
  if (wanted === is) return [];
  const pointer = `/${declared.timePartitioning?.field ?? ''}`;
  return [{ pointer, message: `is partitioned ${is}; it must be partitioned ${wanted}` }];
}

function asDays(expirationMs: string | undefined): string {
  return expirationMs === undefined ? 'never' : `${Number(expirationMs) / 86_400_000} days`;
}
