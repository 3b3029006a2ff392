import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { TABLES } from '#schemas/tables.ts';
import { loadQueryFiles, parseQueryFile } from './query-files.ts';

const folder = (dialect: string) =>
  new URL(`../../../sql/${dialect}/queries/`, import.meta.url).pathname;
const namesIn = async (dialect: string) =>
  (await readdir(folder(dialect))).filter((name) => name.endsWith('.sql')).sort();
const textOf = async (dialect: string, name: string) =>
  (await readFile(`${folder(dialect)}${name}`, 'utf8')).replaceAll(/--.*$/gm, '');

const files = await loadQueryFiles();
const bigQueryNames = await namesIn('bigquery');

/** The innermost parentheses around a place in a text, or all of it. */
function blockAround(text: string, place: number): string {
  let depth = 0;
  let start = place;
  while (start > 0 && depth >= 0) {
    start -= 1;
    if (text[start] === ')') depth += 1;
    if (text[start] === '(') depth -= 1;
  }
  depth = 0;
  let end = place;
  while (end < text.length && depth >= 0) {
    if (text[end] === '(') depth += 1;
    if (text[end] === ')') depth -= 1;
    end += 1;
  }
  return text.slice(start, end);
}

/** Each place where a partitioned table is read without a constant lower bound of its partitions. */
function unfiltered(sql: string): string[] {
  const found: string[] = [];
  for (const { name, partitionBy } of TABLES) {
    if (partitionBy === undefined) continue;
    for (const match of sql.matchAll(new RegExp(`\\b(?:FROM|JOIN)\\s+\`?${name}\\b`, 'gi'))) {
      const block = blockAround(sql, match.index);
      const bound = `\\b${partitionBy}\\s*(?:>=?|=)\\s*(?:TIMESTAMP\\s+'|@\\w)`;
      if (!new RegExp(bound, 'i').test(block)) found.push(match[0]);
    }
  }
  return found;
}

describe('the queries of BigQuery', () => {
  it('are those of DuckDB', async () => {
    expect(bigQueryNames).toEqual(await namesIn('duckdb'));
  });

  it.each(bigQueryNames)('%s has the parameters of its sibling', async (name) => {
    const own = new Set([...(await textOf('bigquery', name)).matchAll(/@(\w+)/g)].map((m) => m[1]));
    const other = [...(await textOf('duckdb', name)).matchAll(/\$(\w+)/g)].map((m) => m[1]);
    expect(own).toEqual(new Set(other));
  });

  it.each(bigQueryNames)('%s filters the partitions of every table it reads', async (name) => {
    expect(unfiltered(await textOf('bigquery', name))).toEqual([]);
  });

  it.each([...files.values()])('$name has a cap that means something', ({ maxBytesBilled }) => {
    expect(maxBytesBilled).toBeGreaterThan(0);
    expect(maxBytesBilled).toBeLessThanOrEqual(100 * 1024 ** 3);
  });
});

describe('the search for missing partition filters', () => {
  const table = 'integration_events_outbox';
  it.each([
    [`SELECT 1 FROM ${table}`, 1],
    [`SELECT 1 FROM ${table} WHERE tenant_id = @t`, 1],
    [`SELECT 1 FROM ${table} WHERE received_at >= (SELECT MIN(at) FROM x)`, 1],
    [`SELECT 1 FROM ${table} WHERE received_at >= @from`, 0],
    [`SELECT 1 FROM ${table} WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'`, 0],
    [`SELECT 1 FROM ${table} WHERE received_at >= @from AND x IN (SELECT y FROM ${table})`, 1],
    [`WITH a AS (SELECT 1 FROM ${table}) SELECT 1 FROM a WHERE received_at >= @from`, 1],
  ])('%s: %i', (sql, count) => {
    expect(unfiltered(sql)).toHaveLength(count);
  });
});

describe('a query file', () => {
  it('states its cap and the types of its parameters', () => {
    const text = '-- What.\n-- Bytes cap: 3 GiB\n-- @a STRING\n-- @b INT64\nSELECT @a, @b';
    expect(parseQueryFile('q', text)).toMatchObject({
      name: 'q',
      sql: text,
      maxBytesBilled: 3 * 1024 ** 3,
      parameterTypes: { a: 'STRING', b: 'INT64' },
    });
  });

  it.each([
    ['no cap', 'SELECT 1', 'Bytes cap'],
    ['an undeclared parameter', '-- Bytes cap: 1 GiB\nSELECT @a', 'a'],
    ['a parameter it does not use', '-- Bytes cap: 1 GiB\n-- @a STRING\nSELECT 1', 'a'],
    ['a parameter of no type', '-- Bytes cap: 1 GiB\n-- @a TEXT\nSELECT @a', 'a'],
  ])('is refused with %s', (_what, text, says) => {
    expect(() => parseQueryFile('q', text)).toThrow(says);
  });
});
