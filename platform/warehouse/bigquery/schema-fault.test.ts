import { describe, expect, it } from 'vitest';
import { SchemaMismatch } from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import { schemaFault, type TableField } from './schema-fault.ts';

const TABLE: Table = {
  name: 'things',
  description: '',
  clusterBy: [],
  columns: [
    { name: 'id', type: 'STRING', required: true, description: '' },
    { name: 'count', type: 'INT64', required: false, description: '' },
  ],
};
const ID: TableField = { name: 'id', type: 'STRING', mode: 'REQUIRED' };
const COUNT: TableField = { name: 'count', type: 'INT64', mode: 'NULLABLE' };
const WHERE = 'projects/p/datasets/d/tables/things';

const fits: readonly [string, readonly TableField[]][] = [
  ['the same columns', [ID, COUNT]],
  ['another order', [COUNT, ID]],
  ['a nullable column more', [ID, COUNT, { name: 'more', type: 'STRING', mode: 'NULLABLE' }]],
  ['a nullable column where ours is required', [{ ...ID, mode: 'NULLABLE' }, COUNT]],
  ['a name in another case', [{ ...ID, name: 'ID' }, COUNT]],
];
const differs: readonly [string, readonly TableField[], string][] = [
  ['a missing column', [ID], 'Column count of projects/p/datasets/d/tables/things is missing'],
  ['no columns', [], 'Column id'],
  [
    'another type',
    [ID, { ...COUNT, type: 'STRING' }],
    'Column count .* is STRING and must be INT64',
  ],
  ['a list', [ID, { ...COUNT, mode: 'REPEATED' }], 'Column count .* is REPEATED'],
  ['required where ours is not', [ID, { ...COUNT, mode: 'REQUIRED' }], 'Column count .* REQUIRED'],
  [
    'a required column more',
    [ID, COUNT, { name: 'more', type: 'STRING', mode: 'REQUIRED' }],
    'Column more .* REQUIRED',
  ],
];

describe('a table in BigQuery', () => {
  it.each(fits)('fits with %s', (_what, fields) => {
    expect(schemaFault(TABLE, WHERE, fields)).toBeUndefined();
  });

  it.each(differs)('does not fit with %s, which is named', (_what, fields, message) => {
    const fault = schemaFault(TABLE, WHERE, fields);
    expect(fault).toBeInstanceOf(SchemaMismatch);
    expect(fault?.message).toMatch(new RegExp(message));
  });
});
