import { TABLES, type Table } from '#schemas/tables.ts';
import { tableSchema } from '../table-schema.ts';

export interface Dataset {
  readonly restEndpoint: string;
  readonly projectId: string;
  readonly dataset: string;
}

/** Makes a dataset with the declared tables through the REST API of an emulator. */
export async function createDataset(where: Dataset, tables = TABLES): Promise<void> {
  const { projectId, dataset: datasetId } = where;
  await call(where, 'POST', '/datasets', { datasetReference: { projectId, datasetId } });
  for (const table of tables) await createTable(where, table);
}

export async function createTable(where: Dataset, table: Table): Promise<void> {
  const { projectId, dataset: datasetId } = where;
  await call(where, 'POST', `/datasets/${datasetId}/tables`, {
    tableReference: { projectId, datasetId, tableId: table.name },
    description: table.description,
    schema: tableSchema(table),
    ...(table.partitionBy && { timePartitioning: { type: 'DAY', field: table.partitionBy } }),
  });
}

export async function deleteDataset(where: Dataset): Promise<void> {
  await call(where, 'DELETE', `/datasets/${where.dataset}?deleteContents=true`);
}

async function call(where: Dataset, method: string, path: string, body?: object): Promise<void> {
  const url = `${where.restEndpoint}/bigquery/v2/projects/${where.projectId}${path}`;
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
}
