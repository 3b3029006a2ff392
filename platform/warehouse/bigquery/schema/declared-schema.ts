import { loadSqlObjects, type SqlObject } from '#platform/warehouse/sql-objects.ts';
import { TABLES, type Table } from '#schemas/tables.ts';
import { type DatasetName, qualify } from './qualify.ts';
import { type RowAccessPolicy, rowAccessPolicies } from './row-access.ts';

/** What a dataset has to hold. Texts name everything with its project and dataset. */
export interface DeclaredSchema {
  readonly name: DatasetName;
  readonly location: string;
  readonly tables: readonly Table[];
  /** Functions before the views that call them. */
  readonly objects: readonly SqlObject[];
  readonly policies: readonly RowAccessPolicy[];
}

export interface DeclaredSchemaOptions extends DatasetName {
  readonly location: string;
  /** IAM members that see every row. With none, row access is left as it is. */
  readonly readers: readonly string[];
}

/** Reads the declarations: schemas/tables.ts, and the texts in sql/. */
export async function loadDeclaredSchema(options: DeclaredSchemaOptions): Promise<DeclaredSchema> {
  const { projectId, dataset, location, readers } = options;
  const name = { projectId, dataset };
  const objects = await loadSqlObjects('bigquery');
  const names = new Set([...TABLES, ...objects].map((one) => one.name));
  const qualified = (sql: string) => qualify(sql, names, name);
  const policies =
    readers.length > 0 ? TABLES.flatMap((one) => rowAccessPolicies(one, readers)) : [];
  return {
    name,
    location,
    tables: TABLES,
    objects: objects.map((one) => ({ ...one, body: qualified(one.body) })),
    policies: policies.map((one) => ({ ...one, predicate: qualified(one.predicate) })),
  };
}
