import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { InvalidRow } from '#schemas/problems.ts';
import type { ColumnType, Table } from '#schemas/tables.ts';
import type { CellValue, Row } from '../warehouse.ts';
import { rowDescriptor, rowEncoder } from './proto-rows.ts';

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
const MAX_ROW_BYTES = 1_000_000;
const encodeRows = rowEncoder(TABLE, MAX_ROW_BYTES);

/** Reads by the descriptor alone, as BigQuery does; int64 as text, so that nothing is rounded. */
function decode(bytes: Uint8Array): Record<string, unknown> {
  const kinds: Record<number, string> = { 3: 'int64', 5: 'int32', 8: 'bool', 9: 'string' };
  const type = new protobuf.Type('Row');
  for (const field of rowDescriptor(TABLE).field) {
    const rule = field.label === 2 ? 'required' : 'optional';
    type.add(new protobuf.Field(field.name, field.number, kinds[field.type] ?? '', rule));
  }
  return type.toObject(type.decode(bytes), { longs: String });
}
const encodeOne = (row: Row) => decode(encodeRows([row])[0] as Uint8Array);

const exact: readonly [string, string, CellValue, unknown][] = [
  ['a string', 'id', 'Zoë 東京 🚀 \u0000 "\\', 'Zoë 東京 🚀 \u0000 "\\'],
  ['a long string', 'id', 'é'.repeat(100_000), 'é'.repeat(100_000)],
  ['an empty string', 'id', '', ''],
  ['the largest safe integer', 'count', Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ['the smallest safe integer', 'count', Number.MIN_SAFE_INTEGER, '-9007199254740991'],
  ['zero, which is not null', 'count', 0, '0'],
  ['false, which is not null', 'on', false, false],
  ['true', 'on', true, true],
  [
    'a decimal of 38 digits',
    'amount',
    '-12345678901234567890123456789.123456789',
    '-12345678901234567890123456789.123456789',
  ],
  ['a decimal a double would change', 'amount', '0.300000000', '0.300000000'],
  ['an instant in milliseconds', 'at', '2026-01-31T12:00:00.123Z', '1769860800123000'],
  ['an instant in microseconds', 'at', '2026-01-31T12:00:00.123456Z', '1769860800123456'],
  ['an instant before 1970', 'at', '1969-12-31T23:59:59.999999Z', '-1'],
  ['the last instant', 'at', '9999-12-31T23:59:59.999999Z', '253402300799999999'],
  ['the first instant', 'at', '0001-01-01T00:00:00Z', '-62135596800000000'],
  ['a date', 'day', '2026-01-02', 20_455],
  ['a date before 1970', 'day', '1969-12-31', -1],
];

/** What the JSON writer of the client (bigquery-storage 5.1.2) takes and changes, or takes and drops. */
const refused: readonly [string, string, unknown][] = [
  ['bigint, which it encodes as 0', 'count', 5n],
  ['bigint for an instant, which it encodes as 0', 'at', 1_769_860_800_123_000n],
  ['a date for an instant, which loses microseconds', 'at', new Date(0)],
  ['microseconds for an instant', 'at', 1_769_860_800_123_000],
  ['an instant without a zone', 'at', '2026-01-31T12:00:00'],
  ['a text for a whole number', 'count', '5'],
  ['a fraction for a whole number', 'count', 1.5],
  ['a whole number that a double rounded', 'count', 2 ** 53],
  ['a number for a decimal', 'amount', 0.1 + 0.2],
  ['a large number for a decimal, which it writes as 1e+21', 'amount', 1e21],
  ['a decimal with ten digits after the point, which would be rounded', 'amount', '0.1234567891'],
  ['a decimal with 30 digits before the point', 'amount', '1'.repeat(30)],
  ['a decimal with an exponent', 'amount', '1e3'],
  ['an object for a text', 'id', { a: 1 }],
  ['a list for a text', 'id', ['a']],
  ['a number for a text, which it writes as text', 'id', 5],
  ['a boolean for a text', 'id', true],
  ["'false' for a boolean, which it encodes as true", 'on', 'false'],
  ['0 for a boolean', 'on', 0],
  ['a Date for a date', 'day', new Date(0)],
  ['a day number for a date', 'day', 20_455],
  ['an instant for a date', 'day', '2026-01-02T00:00:00Z'],
  ['a day there is not', 'day', '2026-02-30'],
  ['an unknown column, which it drops', 'colour', 'red'],
  ['null where a value is required, which it leaves to the server', 'id', null],
];

describe('a row as a protobuf message', () => {
  it.each(exact)('holds %s exactly', (_what, name, value, expected) => {
    expect(encodeOne({ id: 'a', [name]: value })).toMatchObject({ [name]: expected });
  });

  it("holds a date as its day, which the client's JSON writer makes 1970", () => {
    expect(encodeOne({ id: 'a', day: '2026-01-02' }).day).not.toBe(0);
  });

  it('has no field for null', () => {
    expect(encodeOne({ id: 'a', count: null, on: null, amount: null })).toEqual({ id: 'a' });
  });

  it.each(refused)('refuses %s', (_what, name, value) => {
    const rows = [{ id: 'good' }, { id: 'a', [name]: value } as Row];
    expect(() => encodeRows(rows)).toThrow(InvalidRow);
    expect(() => encodeRows(rows)).toThrow(
      expect.objectContaining({
        faults: [{ pointer: `/1/${name}`, message: expect.any(String) }],
      }),
    );
  });

  it('keeps rows apart, also where all share a value', () => {
    const rows: Row[] = [
      { id: 'a', on: true },
      { id: 'b', on: true, count: 2 },
    ];
    const encoded = encodeRows(rows);
    expect(encoded.map(decode)).toEqual([
      { id: 'a', on: true },
      { id: 'b', on: true, count: '2' },
    ]);
  });

  it('refuses a row that is too large to send, and names it', () => {
    const rows = [{ id: 'a' }, { id: 'x'.repeat(MAX_ROW_BYTES) }];
    expect(() => encodeRows(rows)).toThrow(
      expect.objectContaining({ faults: [expect.objectContaining({ pointer: '/1' })] }),
    );
  });
});
