import type { SqlObject } from '#platform/warehouse/sql-objects.ts';
import type { Column, Table } from '#schemas/tables.ts';

/**
 * The statement that creates a table in the default dataset. No key is declared: BigQuery trusts keys
 * it does not enforce, and a table written at least once holds duplicates, so that answers would be
 * wrong (Google, "Primary and foreign keys").
 */
export function createTableStatement(table: Table): string {
  const { partitionBy, partitionUnit = 'DAY', clusterBy } = table;
  const lines = [
    `CREATE TABLE IF NOT EXISTS ${table.name} (`,
    table.columns.map((column) => `  ${columnDefinition(column)}`).join(',\n'),
    ')',
    ...(partitionBy ? [`PARTITION BY TIMESTAMP_TRUNC(${partitionBy}, ${partitionUnit})`] : []),
    ...(clusterBy.length > 0 ? [`CLUSTER BY ${clusterBy.join(', ')}`] : []),
    `OPTIONS (\n  ${tableOptions(table).join(',\n  ')}\n)`,
  ];
  return lines.join('\n');
}

/** The statement that creates or replaces a view or a table function. */
export function createObjectStatement({ kind, name, description, body }: SqlObject): string {
  const options = `OPTIONS (description = ${quoted(description)})`;
  return kind === 'view'
    ? `CREATE OR REPLACE VIEW ${name}\n${options}\nAS\n${body}`
    : `CREATE OR REPLACE TABLE FUNCTION ${name}(from_time TIMESTAMP, to_time TIMESTAMP)\n${options}\nAS (\n${body}\n)`;
}

/** A string literal. GoogleSQL takes the escapes of JSON. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

function columnDefinition({ name, type, required, description }: Column): string {
  const nullability = required ? ' NOT NULL' : '';
  return `${name} ${type}${nullability} OPTIONS (description = ${quoted(description)})`;
}

function tableOptions(table: Table): string[] {
  const { partitionBy, requirePartitionFilter = true, partitionExpirationDays } = table;
  const labels = Object.entries(table.labels ?? {}).map(
    ([key, value]) => `(${quoted(key)}, ${quoted(value)})`,
  );
  return [
    `description = ${quoted(table.description)}`,
    ...(labels.length > 0 ? [`labels = [${labels.join(', ')}]`] : []),
    ...(partitionBy && requirePartitionFilter ? ['require_partition_filter = TRUE'] : []),
    ...(partitionExpirationDays === undefined
      ? []
      : [`partition_expiration_days = ${partitionExpirationDays}`]),
  ];
}
