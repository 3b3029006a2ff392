// Real: goccy's BigQuery emulator with the declared tables. Asserted: the answers that the DuckDB suite
// beside it asserts of the same rows. What the emulator lacks: partition filters are not required there,
// nothing is billed, and there are no row access policies, whose predicates are asked as plain filters.
// Functions and views stand in the queries as their texts; that it takes them as functions and views is
// asserted beside `applySchema`.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { parseQueryFile } from '#platform/warehouse/bigquery/query-files.ts';
import { QueryRunner } from '#platform/warehouse/bigquery/query-runner.ts';
import { membershipPredicate } from '#platform/warehouse/bigquery/schema/row-access.ts';
import {
  BIGQUERY_EMULATOR,
  startBigQueryEmulator,
} from '#platform/warehouse/bigquery/testing/emulator.ts';
import { createDataset } from '#platform/warehouse/bigquery/testing/tables.ts';
import { loadSqlObjects, type SqlObject } from '#platform/warehouse/sql-objects.ts';
import type { CellValue, Row } from '#platform/warehouse/warehouse.ts';
import { TABLES, type Table } from '#schemas/tables.ts';
import { ACCESS_CASES, ANALYST_CASES, OBJECT_CASES } from './cases.ts';
import { inline } from './inline.ts';
import { SEED } from './seed.ts';

const FOLDER = new URL('../../sql/bigquery/analyst/', import.meta.url);
const TARGET = { projectId: 'test-project', dataset: 'tributary', location: 'US' };

describeWith(BIGQUERY_EMULATOR, (path) => {
  describe("analysts' questions on BigQuery", () => {
    const stack = new AsyncDisposableStack();
    let runner: QueryRunner;
    let objects: readonly SqlObject[];

    beforeAll(async () => {
      const emulator = await startBigQueryEmulator(path, { projectId: TARGET.projectId });
      stack.defer(() => emulator.stop());
      const { restEndpoint } = emulator;
      await createDataset({ ...TARGET, restEndpoint });
      objects = await loadSqlObjects('bigquery');
      runner = new QueryRunner({
        ...TARGET,
        endpoint: restEndpoint,
        timeoutMs: 20_000,
        labels: {},
      });
      for (const [name, rows] of SEED) await query(insertStatement(tableOf(name), rows));
    });
    afterAll(() => stack.disposeAsync());

    const query = (sql: string): Promise<Row[]> => runner.run(plainQuery(inline(sql, objects)), {});

    it.each(ANALYST_CASES)('$query', async ({ query: name, params, rows }) => {
      const text = await readFile(new URL(`${name}.sql`, FOLDER), 'utf8');
      const file = parseQueryFile(name, text);
      const asked = { ...file, sql: inline(text, objects) };
      expect(await runner.run(asked, params)).toEqual(rows);
    });

    it.each(OBJECT_CASES)('$name', async ({ sql, rows }) => {
      expect(await query(sql)).toEqual(rows);
    });

    it.each(ACCESS_CASES)('$principal sees of $table: $sees', async (one) => {
      const predicate = membershipPredicate(tableOf(one.table))?.replaceAll(
        'SESSION_USER()',
        `'${one.principal}'`,
      );
      const rows = await query(`SELECT ${one.column} AS id FROM ${one.table} WHERE ${predicate}`);
      expect(rows.map(({ id }) => id).sort()).toEqual(one.sees);
    });
  });
});

function plainQuery(sql: string) {
  return { name: 'plain', sql, maxBytesBilled: 1024 ** 3, parameterTypes: {} };
}

function tableOf(name: string): Table {
  const table = TABLES.find((one) => one.name === name);
  if (!table) throw new Error(`There is no table ${name}.`);
  return table;
}

function insertStatement({ name, columns }: Table, rows: readonly Row[]): string {
  const values = rows.map(
    (row) => `(${columns.map(({ name: column, type }) => literal(row[column], type)).join(', ')})`,
  );
  return `INSERT INTO ${name} (${columns.map((column) => column.name).join(', ')}) VALUES ${values.join(', ')}`;
}

function literal(value: CellValue | undefined, type: string): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value !== 'string') return String(value);
  return type === 'STRING' ? JSON.stringify(value) : `${type} '${value}'`;
}
