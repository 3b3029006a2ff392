import { InvalidRequest } from '#schemas/problems.ts';
import { EXPECTED, FITS } from '../row-encoder.ts';
import type { CellValue } from '../warehouse.ts';
import type { QueryFile } from './query-files.ts';

/** A parameter as BigQuery's REST API takes it: values are text, whatever their type. */
export interface QueryParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string };
  readonly parameterValue: { readonly value: string | null };
}

/**
 * The parameters of a query, each with the type its file declares.
 *
 * @throws InvalidRequest when one is missing, unknown or of another type
 */
export function queryParameters(
  { name: query, parameterTypes }: QueryFile,
  params: Readonly<Record<string, CellValue>>,
): QueryParameter[] {
  const unknown = Object.keys(params).find((name) => !Object.hasOwn(parameterTypes, name));
  if (unknown) throw new InvalidRequest(`The query ${query} has no parameter ${unknown}.`);
  return Object.entries(parameterTypes).map(([name, type]) => {
    const value = params[name];
    if (value === undefined) throw new InvalidRequest(`The query ${query} needs ${name}.`);
    if (value !== null && !FITS[type](value)) {
      throw new InvalidRequest(`The query ${query} needs ${EXPECTED[type]} for ${name}.`);
    }
    return {
      name,
      parameterType: { type },
      parameterValue: { value: value === null ? null : String(value) },
    };
  });
}

/** A row as the REST API gives it: values in the order of the columns, as text. */
export interface RestRow {
  readonly f?: readonly { readonly v?: unknown }[];
}

export interface ResultColumn {
  readonly name?: string;
  readonly type?: string;
}

/** Rows as the warehouse interface promises them. TIMESTAMP must come as text of microseconds. */
export function resultRows(
  columns: readonly ResultColumn[],
  rows: readonly RestRow[],
): Record<string, CellValue>[] {
  const readers = columns.map(({ name = '', type = '' }) => ({
    name,
    read: READERS[type] ?? String,
  }));
  return rows.map((row) => {
    const result: Record<string, CellValue> = {};
    for (const [index, { name, read }] of readers.entries()) {
      const value = row.f?.[index]?.v;
      result[name] = value === null || value === undefined ? null : read(String(value));
    }
    return result;
  });
}

/** By the names the REST API gives types, old and new. Other types stay text. */
const READERS: Readonly<Record<string, (text: string) => CellValue>> = {
  INTEGER: integer,
  INT64: integer,
  FLOAT: Number,
  FLOAT64: Number,
  BOOLEAN: (text) => text === 'true',
  BOOL: (text) => text === 'true',
  NUMERIC: trimDecimal,
  BIGNUMERIC: trimDecimal,
  TIMESTAMP: (text) => new Date(Number(BigInt(text) / 1_000n)).toISOString(),
};

function integer(text: string): CellValue {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** DuckDB and BigQuery agree on the digits, not on trailing zeros: both are given without. */
function trimDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
