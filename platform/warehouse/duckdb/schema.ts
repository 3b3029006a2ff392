import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { TABLES } from '#schemas/tables.ts';
import { loadSqlObjects } from '../sql-objects.ts';
import { objectStatements, tableStatements } from './ddl.ts';

const CREATE_OWN_TABLES = [
  'CREATE TABLE IF NOT EXISTS ingested_segments (table_name VARCHAR PRIMARY KEY, last_segment BIGINT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS applied_schema (sha256 VARCHAR NOT NULL)',
].join(';\n');

/**
 * Brings the file to the declared tables, functions and views: creates what is missing, adds the
 * nullable columns that older files lack, replaces functions, views and comments. A file that was
 * brought there before is only asked, which a start must not wait longer for.
 */
export async function applySchema(connection: DuckDBConnection): Promise<void> {
  // Without its time zone extension DuckDB knows no zone but UTC, and refuses.
  await connection.run("SET TimeZone = 'UTC'").catch(() => undefined);
  await connection.run(CREATE_OWN_TABLES);
  const script = [
    ...TABLES.flatMap(tableStatements),
    ...(await loadSqlObjects('duckdb')).flatMap(objectStatements),
  ].join(';\n');
  const sha256 = createHash('sha256').update(script).digest('hex');
  const applied = await connection.runAndReadAll('SELECT sha256 FROM applied_schema');
  if (applied.getRows()[0]?.[0] === sha256) return;
  await connection.run('BEGIN TRANSACTION');
  try {
    await connection.run(script);
    await connection.run('DELETE FROM applied_schema');
    await connection.run('INSERT INTO applied_schema VALUES ($1)', [sha256]);
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
