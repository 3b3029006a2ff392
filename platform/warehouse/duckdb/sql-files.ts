import { readdir, readFile } from 'node:fs/promises';

/** The statements of `sql/duckdb/{folder}/`, by file name without its ending, in name order. */
export async function loadSqlFolder(folder: 'queries' | 'views'): Promise<Map<string, string>> {
  const dir = new URL(`../../../sql/duckdb/${folder}/`, import.meta.url);
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, dir), 'utf8')));
  return new Map(names.map((name, index) => [name.slice(0, -'.sql'.length), texts[index] ?? '']));
}
