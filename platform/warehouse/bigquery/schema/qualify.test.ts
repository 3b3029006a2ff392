import { describe, expect, it } from 'vitest';
import { loadSqlObjects } from '#platform/warehouse/sql-objects.ts';
import { TABLES } from '#schemas/tables.ts';
import { qualify } from './qualify.ts';

const NAMES = new Set(['outbox', 'events_between']);
const FULL = '`my-project`.`data`.`outbox`';

const cases: readonly { name: string; sql: string; is: string }[] = [
  { name: 'a table', sql: 'SELECT * FROM outbox', is: `SELECT * FROM ${FULL}` },
  {
    name: 'a function',
    sql: 'FROM events_between(a, b)',
    is: 'FROM `my-project`.`data`.`events_between`(a, b)',
  },
  { name: 'a table twice', sql: 'outbox, outbox', is: `${FULL}, ${FULL}` },
  { name: 'no longer name', sql: 'outbox_2 my_outbox', is: 'outbox_2 my_outbox' },
  { name: 'no qualifier of a column', sql: 'outbox.id', is: 'outbox.id' },
  { name: 'no part of a path', sql: 'd.outbox', is: 'd.outbox' },
  { name: 'no name in quotes', sql: '`outbox` "outbox"', is: '`outbox` "outbox"' },
  { name: 'no text', sql: "'outbox' 'it\\'s outbox'", is: "'outbox' 'it\\'s outbox'" },
  { name: 'no parameter', sql: '@outbox', is: '@outbox' },
];

describe('qualifying names', () => {
  it.each(cases)('$name', ({ sql, is }) => {
    expect(qualify(sql, NAMES, { projectId: 'my-project', dataset: 'data' })).toBe(is);
  });

  it('is safe for ours: none is the name of a column', async () => {
    const objects = await loadSqlObjects('bigquery');
    const names = new Set([...TABLES, ...objects].map(({ name }) => name));
    const columns = TABLES.flatMap((table) => table.columns.map(({ name }) => name));
    expect(columns.filter((name) => names.has(name))).toEqual([]);
    // In a function a column would win over the argument of its name.
    expect(columns).not.toContain('from_time');
    expect(columns).not.toContain('to_time');
  });
});
