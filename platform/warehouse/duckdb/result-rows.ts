import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { CellValue } from '../warehouse.ts';

/** A row of DuckDB values as the warehouse interface promises it. */
export function plainRow(row: Readonly<Record<string, DuckDBValue>>): Record<string, CellValue> {
  const plain: Record<string, CellValue> = {};
  for (const [name, value] of Object.entries(row)) plain[name] = plainValue(value);
  return plain;
}

/** Rows given by column, as a chunk of a stream has them. */
export function plainRows(
  names: readonly string[],
  columns: readonly (readonly DuckDBValue[])[],
): Record<string, CellValue>[] {
  const count = columns[0]?.length ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const row: Record<string, CellValue> = {};
    for (const [place, name] of names.entries()) {
      const value = columns[place]?.[index] ?? null;
      row[name] = typeof value === 'string' ? value : plainValue(value);
    }
    return row;
  });
}

function plainValue(value: DuckDBValue): CellValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof DuckDBTimestampValue) {
    return new Date(Number(value.micros / 1000n)).toISOString();
  }
  if (value instanceof DuckDBDecimalValue) return trimDecimal(value.toString());
  if (value instanceof DuckDBDateValue) return value.toString();
  return String(value);
}

/** BigQuery and DuckDB agree on the digits, not on trailing zeros: both are given without. */
function trimDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
