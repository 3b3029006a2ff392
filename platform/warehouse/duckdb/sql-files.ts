import { readdir, readFile } from 'node:fs/promises';

const QUERIES = new URL('../../../sql/duckdb/queries/', import.meta.url);

/** The statements of `sql/duckdb/queries/`, by file name without its ending. */
export async function loadQueries(): Promise<Map<string, string>> {
  const names = (await readdir(QUERIES)).filter((name) => name.endsWith('.sql'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, QUERIES), 'utf8')));
  return new Map(names.map((name, index) => [name.slice(0, -'.sql'.length), texts[index] ?? '']));
}
