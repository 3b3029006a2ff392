import type { ColumnType, Table } from '#schemas/tables.ts';
import type { SqlObject } from '../sql-objects.ts';

/** DuckDB's type for each of ours. Instants are kept in UTC without a zone. */
export const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  BOOL: 'BOOLEAN',
  NUMERIC: 'DECIMAL(38, 9)',
  TIMESTAMP: 'TIMESTAMP',
  DATE: 'DATE',
};

/** Statements that create the table, or add the columns an older one lacks. */
export function tableStatements(table: Table): string[] {
  const columns = table.columns.map(
    ({ name, type, required }) => `${name} ${DUCKDB_TYPES[type]}${required ? ' NOT NULL' : ''}`,
  );
  return [
    `CREATE TABLE IF NOT EXISTS ${table.name} (\n  ${columns.join(',\n  ')}\n)`,
    ...table.columns
      .filter((column) => !column.required)
      .map(
        ({ name, type }) =>
          `ALTER TABLE ${table.name} ADD COLUMN IF NOT EXISTS ${name} ${DUCKDB_TYPES[type]}`,
      ),
    `COMMENT ON TABLE ${table.name} IS ${sqlText(table.description)}`,
    ...table.columns.map(
      ({ name, description }) =>
        `COMMENT ON COLUMN ${table.name}.${name} IS ${sqlText(description)}`,
    ),
  ];
}

/** Statements that create or replace a view or a table function, with its description. */
export function objectStatements({ kind, name, description, body }: SqlObject): string[] {
  return kind === 'view'
    ? [
        `CREATE OR REPLACE VIEW ${name} AS\n${body}`,
        `COMMENT ON VIEW ${name} IS ${sqlText(description)}`,
      ]
    : [
        `CREATE OR REPLACE MACRO ${name}(from_time, to_time) AS TABLE\n${body}`,
        `COMMENT ON MACRO TABLE ${name} IS ${sqlText(description)}`,
      ];
}

/**
 * The statement that reads journal segments into the table. A line holds `n` rows by columns, where
 * a list of one value stands for n of it; commit records have no n and are passed over.
 */
export function ingestStatement(
  table: Table,
  paths: readonly string[],
  maxLineBytes: number,
): string {
  const names = table.columns.map(({ name }) => name);
  const values = names.map((name) => `${name}[LEAST(i, LEN(${name}))]`);
  const lists = table.columns.map(({ name, type }) => `${name}: '${DUCKDB_TYPES[type]}[]'`);
  return [
    `INSERT INTO ${table.name} (${names.join(', ')})`,
    `SELECT ${values.join(', ')} FROM (`,
    `  SELECT *, UNNEST(GENERATE_SERIES(1, n)) AS i FROM read_json(`,
    `    [${paths.map(sqlText).join(', ')}],`,
    `    format = 'newline_delimited', maximum_object_size = ${maxLineBytes},`,
    `    columns = {n: 'BIGINT', ${lists.join(', ')}})`,
    '  WHERE n IS NOT NULL)',
  ].join('\n');
}

function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
