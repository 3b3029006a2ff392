import { readdir, readFile } from 'node:fs/promises';
import { TABLES } from '#schemas/tables.ts';

const QUERIES = new URL('../../../sql/duckdb/queries/', import.meta.url);

/** A named query. */
export interface DuckDbQuery {
  readonly sql: string;
  /** Tables that must hold what was appended to them before it runs. */
  readonly reads: ReadonlySet<string>;
}

/** The statements of `sql/duckdb/queries/`, by file name without its ending. */
export async function loadQueries(): Promise<Map<string, DuckDbQuery>> {
  const names = (await readdir(QUERIES)).filter((name) => name.endsWith('.sql'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, QUERIES), 'utf8')));
  return new Map(
    names.map((name, index) => {
      const sql = texts[index] ?? '';
      return [name.slice(0, -'.sql'.length), { sql, reads: tablesIn(sql) }];
    }),
  );
}

/** All tables for a query that names none: it reads views, which may be of any. */
function tablesIn(sql: string): ReadonlySet<string> {
  const names = TABLES.map(({ name }) => name);
  const named = names.filter((name) => new RegExp(`\\b${name}\\b`).test(sql));
  return new Set(named.length > 0 ? named : names);
}
