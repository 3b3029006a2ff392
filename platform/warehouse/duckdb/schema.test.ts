// Real: DuckDB files, made as older versions left them.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InvalidRequest } from '#schemas/problems.ts';
import { OUTBOX, TABLES, TRANSACTIONS, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { outboxRow } from '../conformance.ts';
import { loadSqlObjects } from '../sql-objects.ts';
import { openDuckDbWarehouse } from './warehouse.ts';

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-schema-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs statements on the file, which no warehouse has open, and gives the rows of the last. */
async function onFile(dataDir: string, sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const openAndClose = async (dataDir: string) => (await openDuckDbWarehouse({ dataDir })).close();

describe('the schema of a DuckDB file', () => {
  it('has every table, function and view, with its description', async () => {
    const dataDir = await temporaryFolder();
    await openAndClose(dataDir);
    const described = await onFile(
      dataDir,
      `SELECT table_name AS name, comment FROM duckdb_tables()
       UNION ALL SELECT view_name, comment FROM duckdb_views()
       UNION ALL SELECT function_name, comment FROM duckdb_functions() WHERE function_type = 'table_macro'`,
    );
    const objects = await loadSqlObjects('duckdb');
    for (const { name, description } of [...TABLES, ...objects]) {
      expect(described).toContainEqual({ name, comment: description });
    }
  });

  it('gets the tables and nullable columns that an older file lacks, and keeps its rows', async () => {
    const dataDir = await temporaryFolder();
    const warehouse = await openDuckDbWarehouse({ dataDir });
    await warehouse.append(OUTBOX.name, [outboxRow(1, { actor: 'ann' })]);
    await warehouse.close();
    await onFile(
      dataDir,
      `DROP VIEW integration_events; DROP TABLE ${TRANSACTIONS.name}; DROP TABLE applied_schema;
       ALTER TABLE ${OUTBOX.name} DROP COLUMN actor; SELECT 1`,
    );
    const upgraded = await openDuckDbWarehouse({ dataDir });
    await upgraded.append(OUTBOX.name, [outboxRow(2, { actor: 'bob' })]);
    await upgraded.close();
    expect(
      await onFile(dataDir, 'SELECT actor FROM integration_events ORDER BY entity_id'),
    ).toEqual([{ actor: null }, { actor: 'bob' }]);
    expect(await onFile(dataDir, `SELECT * FROM ${TRANSACTIONS.name}`)).toEqual([]);
  });

  it('is brought up to date when a declaration changed, and left alone when none did', async () => {
    const dataDir = await temporaryFolder();
    await openAndClose(dataDir);
    const comment = `COMMENT ON TABLE ${OUTBOX.name} IS 'by somebody else'`;
    const read = `SELECT comment FROM duckdb_tables() WHERE table_name = '${OUTBOX.name}'`;
    await onFile(dataDir, `${comment}; SELECT 1`);
    await openAndClose(dataDir);
    expect(await onFile(dataDir, read)).toEqual([{ comment: 'by somebody else' }]);
    await onFile(dataDir, `UPDATE applied_schema SET sha256 = 'older'; SELECT 1`);
    await openAndClose(dataDir);
    expect(await onFile(dataDir, read)).toEqual([{ comment: OUTBOX.description }]);
  });
});

describe('journals', () => {
  it('are there for the tables that are written to, and no others', async () => {
    const dataDir = await temporaryFolder();
    const warehouse = await openDuckDbWarehouse({ dataDir });
    expect(existsSync(join(dataDir, 'journal'))).toBe(false);
    // The first two at once: one journal.
    await Promise.all([
      warehouse.append(OUTBOX.name, [outboxRow(1)]),
      warehouse.append(OUTBOX.name, [outboxRow(2)]),
    ]);
    expect(await warehouse.query('outbox-counts')).toEqual([{ outbox_rows: 2, events: 2 }]);
    expect(await readdir(join(dataDir, 'journal'))).toEqual([OUTBOX.name]);
    await warehouse.close();
  });

  it('of a table that could not be opened are tried again', async () => {
    const dataDir = await temporaryFolder();
    const warehouse = await openDuckDbWarehouse({ dataDir });
    await expect(warehouse.append('nothing', [{}])).rejects.toBeInstanceOf(InvalidRequest);
    const { writeFile, mkdir } = await import('node:fs/promises');
    await mkdir(join(dataDir, 'journal'));
    const inTheWay = join(dataDir, 'journal', WEBHOOK_REQUESTS.name);
    await writeFile(inTheWay, '');
    await expect(warehouse.append(WEBHOOK_REQUESTS.name, [REQUEST])).rejects.toThrow();
    await rm(inTheWay);
    await warehouse.append(WEBHOOK_REQUESTS.name, [REQUEST]);
    await warehouse.close();
  });
});

const REQUEST = {
  request_id: 'r1',
  received_at: '2026-01-31T12:00:00.000Z',
  provider: 'hubspot',
  outcome: 'rejected',
  reason: 'unknown_connection',
  http_status: 401,
  body_bytes: 10,
  occurrences: 1,
};
