import type { Column, ColumnType, Table } from '#schemas/tables.ts';

/** A column as BigQuery's REST API and Terraform's schema JSON name it. */
export interface FieldSchema {
  readonly name: string;
  readonly type: 'STRING' | 'INTEGER' | 'BOOLEAN' | 'NUMERIC' | 'TIMESTAMP' | 'DATE';
  readonly mode: 'REQUIRED' | 'NULLABLE';
  readonly description: string;
}

/** BigQuery's `TableSchema`. */
export interface TableSchema {
  readonly fields: readonly FieldSchema[];
}

/**
 * The REST API's name for each of our types. It also takes INT64 and BOOL, but always answers with
 * these, so comparing with what it holds needs no second table.
 */
export const REST_TYPES: Readonly<Record<ColumnType, FieldSchema['type']>> = {
  STRING: 'STRING',
  INT64: 'INTEGER',
  BOOL: 'BOOLEAN',
  NUMERIC: 'NUMERIC',
  TIMESTAMP: 'TIMESTAMP',
  DATE: 'DATE',
};

/** The schema of a table as BigQuery's REST API takes it: name, type, mode, description. */
export function tableSchema(table: Pick<Table, 'columns'>): TableSchema {
  return { fields: table.columns.map(fieldSchema) };
}

function fieldSchema({ name, type, required, description }: Column): FieldSchema {
  return { name, type: REST_TYPES[type], mode: required ? 'REQUIRED' : 'NULLABLE', description };
}
