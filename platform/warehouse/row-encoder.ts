import { InvalidRow } from '#schemas/problems.ts';
import type { Column, ColumnType, Table } from '#schemas/tables.ts';
import { parseDate, parseInstant } from './instant.ts';
import type { CellValue, Row } from './warehouse.ts';

const NUMERIC = /^-?\d{1,29}(?:\.\d{1,9})?$/;

/** Whether a value that is not null can stand in a column, or for a parameter, of each type. */
export const FITS: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  STRING: (value) => typeof value === 'string',
  INT64: (value) => Number.isSafeInteger(value),
  BOOL: (value) => typeof value === 'boolean',
  NUMERIC: (value) => typeof value === 'string' && NUMERIC.test(value),
  TIMESTAMP: (value) => typeof value === 'string' && parseInstant(value) !== undefined,
  DATE: (value) => typeof value === 'string' && parseDate(value) !== undefined,
};

/** What stands there instead, in words. */
export const EXPECTED: Readonly<Record<ColumnType, string>> = {
  STRING: 'a string',
  INT64: 'a safe integer',
  BOOL: 'a boolean',
  NUMERIC: 'a decimal as a string, at most 29 digits before the point and 9 after it',
  TIMESTAMP: 'an instant such as 2026-01-31T12:00:00.000Z',
  DATE: 'a date such as 2026-01-31',
};

/** Rows turned on their side: one list of values for each column, in the order of the rows. */
export interface ColumnBlock {
  /** How many rows there are. */
  readonly n: number;
  /** A column whose values are all the same holds that value once. */
  readonly [column: string]: readonly CellValue[] | number;
}

/**
 * Checks rows against their table and turns them on their side, which is a third of the text:
 * names stand once, and what a whole batch shares stands once.
 *
 * @param rows at least one
 * @throws InvalidRow naming the row and the column; then no row may be written
 */
export function toColumns(table: Table, rows: readonly Row[]): ColumnBlock {
  const block: Record<string, readonly CellValue[] | number> = { n: rows.length };
  let present = 0;
  for (const column of table.columns) {
    const values = new Array<CellValue>(rows.length);
    let previous: CellValue | undefined;
    let same = true;
    for (let index = 0; index < rows.length; index += 1) {
      const value = rows[index]?.[column.name] ?? null;
      if (value !== null) present += 1;
      if (index === 0 || value !== previous) {
        // A value like the one before it was checked with it.
        check(table, column, value, index);
        if (index > 0) same = false;
      }
      values[index] = value;
      previous = value;
    }
    if (same) values.length = 1;
    block[column.name] = values;
  }
  if (countValues(rows) !== present) throw unknownColumn(table, rows);
  return block as ColumnBlock;
}

function check(table: Table, column: Column, value: CellValue, index: number): void {
  if (value === null) {
    if (column.required) throw fault(table, index, column.name, 'a value is required');
  } else if (!FITS[column.type](value)) {
    throw fault(table, index, column.name, `expected ${EXPECTED[column.type]}`);
  }
}

function countValues(rows: readonly Row[]): number {
  let count = 0;
  for (const row of rows) {
    for (const name in row) if ((row[name] ?? null) !== null) count += 1;
  }
  return count;
}

function unknownColumn(table: Table, rows: readonly Row[]): InvalidRow {
  const names = new Set(table.columns.map((column) => column.name));
  for (const [index, row] of rows.entries()) {
    const unknown = Object.keys(row).find((name) => !names.has(name));
    if (unknown !== undefined) return fault(table, index, unknown, 'there is no such column');
  }
  return fault(table, 0, '*', 'a row changed while it was read');
}

function fault(table: Table, index: number, column: string, message: string): InvalidRow {
  return new InvalidRow(`Row ${index} does not fit ${table.name}, column ${column}: ${message}.`, {
    faults: [{ pointer: `/${index}/${column}`, message }],
  });
}
