// The SQL texts beside one another: what holds for all of them, and no engine at hand enforces.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseQueryFile } from '#platform/warehouse/bigquery/query-files.ts';
import { loadSqlObjects, splitComment } from '#platform/warehouse/sql-objects.ts';
import { TABLES } from '#schemas/tables.ts';
import { ANALYST_CASES, OBJECT_CASES } from './cases.ts';

const SQL = join(import.meta.dirname, '..', '..', 'sql');
const names = (dialect: string) =>
  readdirSync(join(SQL, dialect, 'analyst')).map((name) => name.replace(/\.sql$/, ''));
const read = (dialect: string, name: string) =>
  readFileSync(join(SQL, dialect, 'analyst', `${name}.sql`), 'utf8');

/** The comment without what only one dialect has. */
const header = (dialect: string, name: string) =>
  splitComment(read(dialect, name))
    .description.replace(/Bytes cap: \d+ GiB ?/, '')
    .replaceAll('$', '@')
    .trim();

/** Tables whose partitions BigQuery wants to be told, and where a text does not. */
function unfiltered(sql: string): string[] {
  return TABLES.filter(
    ({ name, partitionBy, requirePartitionFilter = true }) =>
      partitionBy !== undefined &&
      requirePartitionFilter &&
      new RegExp(`\\b(?:FROM|JOIN) ${name}\\b(?![^]{0,200}?\\b${partitionBy} >= [^\\s(])`).test(
        sql,
      ),
  ).map(({ name }) => name);
}

describe.each(names('bigquery'))('%s', (name) => {
  it('opens with its question, and asks DuckDB the same with the same parameters', () => {
    expect(read('bigquery', name)).toMatch(/^-- Question: [A-Z][^?]+\?/);
    expect(header('duckdb', name)).toBe(header('bigquery', name));
  });

  it('has a cap of bytes, and declares its parameters', () => {
    const { maxBytesBilled } = parseQueryFile(name, read('bigquery', name));
    expect(maxBytesBilled).toBeLessThanOrEqual(20 * 1024 ** 3);
  });

  it('filters on the partitions of every table it reads', () => {
    expect(unfiltered(read('bigquery', name))).toEqual([]);
  });

  it('answers in an order', () => {
    expect(read('bigquery', name)).toMatch(/\nORDER BY /);
  });

  it('is asked in the tests', () => {
    expect(ANALYST_CASES.filter(({ query }) => query === name)).not.toEqual([]);
  });
});

it('both dialects have the same analyst queries', () => {
  expect(names('duckdb')).toEqual(names('bigquery'));
});

it('docs/analysts.md lists every question, table, function and view', async () => {
  const document = readFileSync(join(SQL, '..', 'docs', 'analysts.md'), 'utf8');
  const objects = [...TABLES, ...(await loadSqlObjects('bigquery'))].map(({ name }) => name);
  const listed = [...document.matchAll(/^\| `([\w-]+)/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...names('bigquery'), ...objects].sort());
});

describe('functions and views', () => {
  it('are the same in both dialects', async () => {
    const [bigquery, duckdb] = await Promise.all([
      loadSqlObjects('bigquery'),
      loadSqlObjects('duckdb'),
    ]);
    const texts = (objects: typeof bigquery) =>
      objects.map(({ kind, name, description }) => `${kind} ${name}: ${description}`).sort();
    expect(texts(duckdb)).toEqual(texts(bigquery));
  });

  it('filter on the partitions of every table they read', async () => {
    for (const { name, body } of await loadSqlObjects('bigquery')) {
      expect({ [name]: unfiltered(body) }).toEqual({ [name]: [] });
    }
  });

  it('are asked in the tests', async () => {
    const asked = OBJECT_CASES.map(({ sql }) => sql).join('\n');
    for (const { name } of await loadSqlObjects('bigquery')) {
      expect(asked).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
