// Real: the DuckDB warehouse and its file, which is queried as analysts do it. Asserted: the answers
// that the BigQuery suite beside it asserts of the same rows.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { membershipPredicate } from '#platform/warehouse/bigquery/schema/row-access.ts';
import { plainRow } from '#platform/warehouse/duckdb/result-rows.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import type { CellValue, Row } from '#platform/warehouse/warehouse.ts';
import { TABLES } from '#schemas/tables.ts';
import { temporaryFolder } from '../support/embedded-drivers.ts';
import { ACCESS_CASES, ANALYST_CASES, OBJECT_CASES } from './cases.ts';
import { SEED } from './seed.ts';

const FOLDER = new URL('../../sql/duckdb/analyst/', import.meta.url);

describe("analysts' questions on DuckDB", () => {
  const stack = new AsyncDisposableStack();
  let connection: DuckDBConnection;

  beforeAll(async () => {
    const dataDir = await temporaryFolder(stack);
    const warehouse = await openDuckDbWarehouse({ dataDir });
    for (const [table, rows] of SEED) await warehouse.append(table, rows);
    await warehouse.close();
    const path = join(dataDir, 'warehouse.duckdb');
    const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    stack.defer(() => instance.closeSync());
    connection = await instance.connect();
    stack.defer(() => connection.closeSync());
  });
  afterAll(() => stack.disposeAsync());

  const query = async (sql: string, params: Readonly<Record<string, CellValue>> = {}) => {
    const reader = await connection.runAndReadAll(sql, { ...params });
    return reader.getRowObjects().map(plainRow) as Row[];
  };

  it.each(ANALYST_CASES)('$query', async ({ query: name, params, rows }) => {
    expect(await query(await readFile(new URL(`${name}.sql`, FOLDER), 'utf8'), params)).toEqual(
      rows,
    );
  });

  it.each(OBJECT_CASES)('$name', async ({ sql, rows }) => {
    expect(await query(sql)).toEqual(rows);
  });

  it.each(ACCESS_CASES)('$principal sees of $table: $sees', async (one) => {
    const table = TABLES.find(({ name }) => name === one.table);
    const predicate = (table && membershipPredicate(table))
      ?.replaceAll('SESSION_USER()', `'${one.principal}'`)
      .replaceAll(/JSON_VALUE\((\w+), ('[^']+')\)/g, '($1 ->> $2)');
    const rows = await query(`SELECT ${one.column} AS id FROM ${one.table} WHERE ${predicate}`);
    expect(rows.map(({ id }) => id).sort()).toEqual(one.sees);
  });
});
