import { readdir, readFile } from 'node:fs/promises';
import type { ColumnType } from '#schemas/tables.ts';

/** A named query, such as `sql/bigquery/queries/{name}.sql`. */
export interface QueryFile {
  readonly name: string;
  readonly sql: string;
  /** It fails before it starts where it would be billed for more. */
  readonly maxBytesBilled: number;
  /** BigQuery cannot tell the type of a null. */
  readonly parameterTypes: Readonly<Record<string, ColumnType>>;
}

const GIB = 1024 ** 3;
const CAP = /^-- Bytes cap: (\d+) GiB$/m;
const PARAMETER = /^-- @(\w+) (STRING|INT64|BOOL|NUMERIC|TIMESTAMP|DATE)$/gm;

/**
 * The queries of the product, by name.
 *
 * @throws Error when a file lacks its cap or declares other parameters than it uses
 */
export function loadQueryFiles(): Promise<Map<string, QueryFile>> {
  return loadFolder('queries');
}

/** The queries for analysts, `sql/bigquery/analyst/`, with the same header. */
export function loadAnalystQueries(): Promise<Map<string, QueryFile>> {
  return loadFolder('analyst');
}

async function loadFolder(folder: string): Promise<Map<string, QueryFile>> {
  const dir = new URL(`../../../sql/bigquery/${folder}/`, import.meta.url);
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  const files = await Promise.all(
    names.map(async (fileName) => {
      const text = await readFile(new URL(fileName, dir), 'utf8');
      return parseQueryFile(fileName.slice(0, -'.sql'.length), text);
    }),
  );
  return new Map(files.map((file) => [file.name, file]));
}

/**
 * Reads the comment a query opens with: `-- Bytes cap: 10 GiB`, and for each parameter a line such as
 * `-- @tenant_id STRING`.
 */
export function parseQueryFile(name: string, text: string): QueryFile {
  const capGib = CAP.exec(text)?.[1];
  if (capGib === undefined) throw new Error(`${name}.sql has no line "-- Bytes cap: N GiB".`);
  const parameterTypes = Object.fromEntries(
    [...text.matchAll(PARAMETER)].map(([, parameter, type]) => [parameter, type as ColumnType]),
  );
  const statement = text.replaceAll(/--.*$/gm, '');
  const used = new Set([...statement.matchAll(/@(\w+)/g)].map(([, parameter]) => parameter ?? ''));
  const declared = new Set(Object.keys(parameterTypes));
  const odd = [...used, ...declared].filter((one) => used.has(one) !== declared.has(one));
  if (odd.length > 0) {
    throw new Error(`${name}.sql must declare the parameters it uses: ${odd.join(', ')}.`);
  }
  return { name, sql: text, maxBytesBilled: Number(capGib) * GIB, parameterTypes };
}
