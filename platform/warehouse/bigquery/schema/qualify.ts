export interface DatasetName {
  readonly projectId: string;
  readonly dataset: string;
}

/** Texts in quotes, which stay as they are; or a name that is no part of a longer path. */
const TOKENS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.`$@])([A-Za-z_]\w*)(?![\w`.])/g;

/**
 * Writes project and dataset before our tables, views and functions. BigQuery wants it inside of views
 * and functions, whatever the default dataset is (Google, "Create logical views").
 *
 * @param names of our tables, views and functions; none may be the name of a column or an alias
 */
export function qualify(sql: string, names: ReadonlySet<string>, dataset: DatasetName): string {
  return sql.replaceAll(TOKENS, (token, name?: string) =>
    name !== undefined && names.has(name)
      ? `\`${dataset.projectId}\`.\`${dataset.dataset}\`.\`${name}\``
      : token,
  );
}
