// Holds the tables of docs/operations.md and the code together.
import { expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '#platform/config/variables.ts';
import { read, tableRows } from './documents.ts';

const operations = read('docs/operations.md');
const rows = tableRows(operations, 'variable', 'default', 'range', 'meaning');

it('the table lists every variable, with its default and its meaning', () => {
  const defaults: Record<string, unknown> = configSchema.parse({});
  const declared = Object.entries(configSchema.shape).map(([name, schema]) => [
    name,
    String(defaults[name] ?? 'none'),
    schema.description,
  ]);
  expect(rows.map(([name, value, , meaning]) => [name, value, meaning])).toStrictEqual(declared);
});

it('the table gives the range of every number and the words of every choice', () => {
  const { properties = {} } = z.toJSONSchema(configSchema);
  const declared = Object.entries(properties).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return [];
    const { type, minimum, maximum, enum: words } = property;
    if (type === 'integer') return [[name, `${minimum} to ${maximum}`]];
    return words ? [[name, words.join(', ')]] : [];
  });
  const ranges = new Map(rows.map(([name, , range]) => [name, range]));
  expect(declared.length).toBeGreaterThan(5);
  for (const [name = '', range] of declared)
    expect([name, ranges.get(name)]).toEqual([name, range]);
});

it('every variable a document names exists', () => {
  const known = new Set(Object.keys(configSchema.shape));
  const named = operations.match(/TRIBUTARY_[A-Z_]+/g) ?? [];
  expect(named.filter((name) => name !== 'TRIBUTARY_' && !known.has(name))).toStrictEqual([]);
});

it('every flag of the launcher is explained', () => {
  const flags = read('scripts/run.mjs').match(/(?<=')--[a-z-]+/g) ?? [];
  expect(flags.length).toBeGreaterThan(2);
  expect(flags.filter((flag) => !operations.includes(`\`${flag}`))).toStrictEqual([]);
});

it('the memory given to DuckDB is the one the code sets', () => {
  const source = read('platform/warehouse/duckdb/warehouse.ts');
  const megabytes = /memoryLimitMb \?\? (\d+)/.exec(source)?.[1];
  expect(read('docs/architecture.md')).toContain(`| DuckDB | ${megabytes} MB |`);
  expect(read('docs/decisions/0003-journal-in-front-of-duckdb.md')).toContain(
    `\`memory_limit\` ${megabytes} MB`,
  );
});
