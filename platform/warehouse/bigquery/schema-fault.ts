import { SchemaMismatch } from '#schemas/problems.ts';
import type { Column, Table } from '#schemas/tables.ts';

/** A column of a table as the Storage Write API tells it (google.cloud.bigquery.storage.v1). */
export interface TableField {
  readonly name?: string | null;
  readonly type?: unknown;
  readonly mode?: unknown;
}

/**
 * Compares a table in BigQuery with its declaration. More columns are fine, as long as rows without
 * them are.
 *
 * @param where the table's full name, for the message
 * @returns the first difference, named; undefined when rows fit
 */
export function schemaFault(
  table: Table,
  where: string,
  fields: readonly TableField[],
): SchemaMismatch | undefined {
  // BigQuery does not tell column names apart by case.
  const present = new Map(fields.map((field) => [field.name?.toLowerCase(), field]));
  for (const column of table.columns) {
    const field = present.get(column.name.toLowerCase());
    const fault = field ? columnFault(column, field) : 'is missing';
    if (fault) return mismatch(where, column.name, fault);
  }
  const declared = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  const extra = fields.find(
    ({ name, mode }) => mode === 'REQUIRED' && !declared.has(name?.toLowerCase() ?? ''),
  );
  return (
    extra && mismatch(where, extra.name ?? '', 'is REQUIRED, and this version has no value for it')
  );
}

function columnFault(column: Column, { type, mode }: TableField): string | undefined {
  if (type !== column.type) return `is ${String(type)} and must be ${column.type}`;
  if (mode === 'REPEATED') return 'is REPEATED and must hold one value';
  if (mode === 'REQUIRED' && !column.required) return 'is REQUIRED and must be NULLABLE';
  return undefined;
}

function mismatch(where: string, column: string, fault: string): SchemaMismatch {
  return new SchemaMismatch(
    `Column ${column} of ${where} ${fault}. Bring the table up to date: tributary schema apply.`,
    { faults: [{ pointer: `/${column}`, message: fault }] },
  );
}
