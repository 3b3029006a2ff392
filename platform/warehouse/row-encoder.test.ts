import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRow } from '#schemas/problems.ts';
import type { ColumnType, Table } from '#schemas/tables.ts';
import { type ColumnBlock, toColumns } from './row-encoder.ts';
import type { CellValue, Row } from './warehouse.ts';

const column = (name: string, type: ColumnType, required = false) => ({
  name,
  type,
  required,
  description: '',
});
const TABLE: Table = {
  name: 'things',
  description: '',
  partitionBy: 'at',
  clusterBy: [],
  columns: [
    column('id', 'STRING', true),
    column('count', 'INT64'),
    column('on', 'BOOL'),
    column('amount', 'NUMERIC'),
    column('at', 'TIMESTAMP'),
    column('day', 'DATE'),
  ],
};

/** Rows again, as the warehouse reads a block: a list of one stands for all. */
function toRows(block: ColumnBlock): Record<string, unknown>[] {
  return Array.from({ length: block.n }, (_, index) =>
    Object.fromEntries(
      TABLE.columns.map(({ name }) => {
        const values = block[name] as readonly CellValue[];
        return [name, values[Math.min(index, values.length - 1)]];
      }),
    ),
  );
}

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    // Few values, so that columns of one value and of runs come about.
    id: fc.oneof(fc.constantFrom('', 'a', 'b'), fc.string({ unit: 'grapheme' })),
    count: fc.option(fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER)),
    on: fc.option(fc.boolean()),
    amount: fc.option(fc.constantFrom('0', '-12.50', '123456789.000000001')),
    at: fc.option(fc.constantFrom('2026-01-31T12:00:00Z', '2026-01-31T12:00:00.123456Z')),
    day: fc.option(fc.constantFrom('2026-01-31', '1970-01-01')),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('rows by columns', () => {
  it('are the same rows again', () => {
    fc.assert(
      fc.property(rows, (given) => {
        expect(toRows(toColumns(TABLE, given))).toEqual(given);
      }),
    );
  });

  it('hold a value that all share once', () => {
    const block = toColumns(TABLE, [
      { id: 'a', on: true },
      { id: 'b', on: true },
      { id: 'a', on: true },
    ]);
    expect(block).toMatchObject({ n: 3, id: ['a', 'b', 'a'], on: [true], count: [null] });
  });

  it('count a value that is absent or undefined as null', () => {
    const row = { id: 'a', count: undefined } as unknown as Row;
    expect(toRows(toColumns(TABLE, [row]))).toMatchObject([{ id: 'a', count: null, day: null }]);
  });
});

const fits: readonly [string, CellValue, boolean][] = [
  ['id', '', true],
  ['id', 1, false],
  ['id', true, false],
  ['count', -5, true],
  ['count', 1.5, false],
  ['count', 2 ** 53, false],
  ['count', Number.NaN, false],
  ['count', '5', false],
  ['on', false, true],
  ['on', 0, false],
  ['on', 'true', false],
  ['amount', '0', true],
  ['amount', '-0.5', true],
  ['amount', `${'9'.repeat(29)}.${'9'.repeat(9)}`, true],
  ['amount', '9'.repeat(30), false],
  ['amount', '0.1234567890', false],
  ['amount', '1e5', false],
  ['amount', '.5', false],
  ['amount', '1.', false],
  ['amount', '+1', false],
  ['amount', '', false],
  ['amount', 12.5, false],
  ['at', '2026-01-31T12:00:00.000Z', true],
  ['at', '2026-01-31T12:00:00Z', true],
  ['at', '2026-01-31T12:00:00.1234567Z', false],
  ['at', '2026-01-31T12:00:00+00:00', false],
  ['at', '2026-01-31 12:00:00Z', false],
  ['at', '2026-01-31T12:00:00.000Z\n', false],
  ['at', 1_769_860_800_000, false],
  ['at', '2026-02-30T12:00:00.000Z', false],
  ['at', '2026-01-31T24:00:00.000Z', false],
  ['day', '2026-01-31', true],
  ['day', '2026-1-31', false],
  ['day', '2026-02-29', false],
  ['day', '2026-01-31T00:00:00Z', false],
];

describe('values', () => {
  it.each(fits)('%s: %j → fits: %s', (name, value, isFit) => {
    const encode = () => toColumns(TABLE, [{ id: 'a', [name]: value }]);
    if (isFit) expect(encode()).toMatchObject({ [name]: [value] });
    else expect(encode).toThrow(InvalidRow);
  });
});

describe('a row that does not fit', () => {
  const faults: readonly { name: string; row: Row; pointer: string; says: string }[] = [
    { name: 'lacks what is required', row: {}, pointer: '/2/id', says: 'a value is required' },
    { name: 'holds null there', row: { id: null }, pointer: '/2/id', says: 'a value is required' },
    { name: 'holds another type', row: { id: 5 }, pointer: '/2/id', says: 'expected a string' },
    {
      name: 'has a column there is not',
      row: { id: 'a', colour: 'red' },
      pointer: '/2/colour',
      says: 'there is no such column',
    },
  ];
  it.each(faults)('$name: it and its column are named', ({ row, pointer, says }) => {
    const encode = () => toColumns(TABLE, [{ id: 'a' }, { id: 'b' }, row, { id: 'c' }]);
    expect(encode).toThrow(InvalidRow);
    expect(encode).toThrow(says);
    expect(encode).toThrow(
      expect.objectContaining({ faults: [{ pointer, message: expect.stringContaining(says) }] }),
    );
  });

  it('is found in any place among good ones, and its value is not quoted', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (given, pick) => {
        const index = pick % given.length;
        const wrong = given.toSpliced(index, 1, { id: 'a', count: 'hidden-value' });
        try {
          toColumns(TABLE, wrong);
          expect.unreachable();
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidRow);
          expect(error).toMatchObject({ faults: [{ pointer: `/${index}/count` }] });
          expect(String(error)).not.toContain('hidden-value');
        }
      }),
    );
  });

  it('may have an unknown column that holds nothing', () => {
    expect(toColumns(TABLE, [{ id: 'a', colour: null }])).toMatchObject({ n: 1, id: ['a'] });
  });
});
