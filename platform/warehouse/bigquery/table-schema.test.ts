import { describe, expect, it } from 'vitest';
import { tableSchema } from './table-schema.ts';

const column = (name: string, type: Parameters<typeof tableSchema>[0]['columns'][0]['type']) => ({
  name,
  type,
  required: false,
  description: `what ${name} is`,
});

describe('the schema of a table', () => {
  it('names, types, modes and descriptions are those of the REST API', () => {
    const columns = [
      { ...column('id', 'STRING'), required: true },
      column('count', 'INT64'),
      column('on', 'BOOL'),
      column('amount', 'NUMERIC'),
      column('at', 'TIMESTAMP'),
      column('day', 'DATE'),
    ];
    expect(tableSchema({ columns })).toEqual({
      fields: [
        { name: 'id', type: 'STRING', mode: 'REQUIRED', description: 'what id is' },
        { name: 'count', type: 'INTEGER', mode: 'NULLABLE', description: 'what count is' },
        { name: 'on', type: 'BOOLEAN', mode: 'NULLABLE', description: 'what on is' },
        { name: 'amount', type: 'NUMERIC', mode: 'NULLABLE', description: 'what amount is' },
        { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE', description: 'what at is' },
        { name: 'day', type: 'DATE', mode: 'NULLABLE', description: 'what day is' },
      ],
    });
  });
});
