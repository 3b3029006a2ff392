import { readdir, readFile } from 'node:fs/promises';

/** A view, or a table function of (from_time TIMESTAMP, to_time TIMESTAMP), over the tables. */
export interface SqlObject {
  readonly kind: 'function' | 'view';
  readonly name: string;
  /** The comment that the file opens with, as one line. */
  readonly description: string;
  /** A SELECT; in a function from_time and to_time stand for the arguments. */
  readonly body: string;
}

export type Dialect = 'bigquery' | 'duckdb';

/**
 * The functions and views of a dialect, functions first: the texts in `sql/shared/`, which every
 * dialect takes, and those of its own in `sql/{dialect}/`.
 */
export async function loadSqlObjects(dialect: Dialect): Promise<SqlObject[]> {
  const load = async (kind: SqlObject['kind']) => {
    const folders = [`shared/${kind}s`, `${dialect}/${kind}s`];
    const loaded = await Promise.all(folders.map((folder) => loadFolder(kind, folder)));
    return loaded.flat();
  };
  const [functions, views] = await Promise.all([load('function'), load('view')]);
  return [...functions, ...views];
}

async function loadFolder(kind: SqlObject['kind'], folder: string): Promise<SqlObject[]> {
  const dir = new URL(`../../sql/${folder}/`, import.meta.url);
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, dir), 'utf8')));
  return names.map((name, index) => ({
    kind,
    name: name.slice(0, -'.sql'.length),
    ...splitComment(texts[index] ?? ''),
  }));
}

/** Takes the comment that a SQL text opens with from the statement after it. */
export function splitComment(text: string): Pick<SqlObject, 'description' | 'body'> {
  const lines = text.trim().split('\n');
  const first = lines.findIndex((line) => !line.startsWith('--'));
  const comment = lines.slice(0, first).map((line) => line.slice('--'.length).trim());
  return { description: comment.join(' '), body: lines.slice(first).join('\n') };
}
