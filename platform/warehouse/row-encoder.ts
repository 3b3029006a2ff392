import { InvalidRow } from '#schemas/problems.ts';
import type { Column, ColumnType, Table } from '#schemas/tables.ts';
import type { Row } from './warehouse.ts';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const NUMERIC = /^-?\d{1,29}(?:\.\d{1,9})?$/;

const FITS: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  STRING: (value) => typeof value === 'string',
  INT64: (value) => Number.isSafeInteger(value),
  BOOL: (value) => typeof value === 'boolean',
  NUMERIC: (value) => typeof value === 'string' && NUMERIC.test(value),
  TIMESTAMP: (value) => typeof value === 'string' && INSTANT.test(value),
  DATE: (value) => typeof value === 'string' && DATE.test(value),
};

const EXPECTED: Readonly<Record<ColumnType, string>> = {
  STRING: 'a string',
  INT64: 'a safe integer',
  BOOL: 'a boolean',
  NUMERIC: 'a decimal as a string, at most 29 digits before the point and 9 after it',
  TIMESTAMP: 'an instant such as 2026-01-31T12:00:00.000Z',
  DATE: 'a date such as 2026-01-31',
};

/** Checks rows against their table and turns each into one line of JSON. */
export class RowEncoder {
  readonly #table: Table;
  readonly #names: ReadonlySet<string>;
  readonly #maxRowBytes: number;

  /** @param maxRowBytes longest line of one row, in characters */
  constructor(table: Table, maxRowBytes: number) {
    this.#table = table;
    this.#names = new Set(table.columns.map((column) => column.name));
    this.#maxRowBytes = maxRowBytes;
  }

  /**
   * @returns one line of JSON for each row, each ended by a newline
   * @throws InvalidRow naming the row and the column; then no row may be written
   */
  encode(rows: readonly Row[]): string {
    let lines = '';
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] as Row;
      for (const column of this.#table.columns) this.#check(row, column, index);
      for (const name in row) {
        if (!this.#names.has(name)) throw this.#fault(index, name, 'there is no such column');
      }
      const line = JSON.stringify(row);
      if (line.length > this.#maxRowBytes) {
        throw this.#fault(index, '*', `the row is longer than ${this.#maxRowBytes} characters`);
      }
      lines += `${line}\n`;
    }
    return lines;
  }

  #check(row: Row, column: Column, index: number): void {
    const value = row[column.name];
    if (value === null || value === undefined) {
      if (column.required) throw this.#fault(index, column.name, 'a value is required');
    } else if (!FITS[column.type](value)) {
      throw this.#fault(index, column.name, `expected ${EXPECTED[column.type]}`);
    }
  }

  #fault(index: number, column: string, message: string): InvalidRow {
    return new InvalidRow(
      `Row ${index} does not fit ${this.#table.name}, column ${column}: ${message}.`,
      { faults: [{ pointer: `/${index}/${column}`, message }] },
    );
  }
}
