import type { Table } from '#schemas/tables.ts';
import { type FieldSchema, tableSchema } from '../table-schema.ts';

/** What we set of BigQuery's REST resource of a table. Numbers of 64 bits are text there. */
export interface TableResource {
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly schema: { readonly fields: readonly FieldSchema[] };
  readonly timePartitioning?: {
    readonly type: 'DAY' | 'MONTH';
    readonly field: string;
    readonly expirationMs?: string;
  };
  readonly clustering?: { readonly fields: readonly string[] };
  readonly requirePartitionFilter: boolean;
}

const DAY_MS = 86_400_000;

/** The REST resource of a declared table. */
export function tableResource(table: Table): TableResource {
  const { partitionBy, partitionUnit = 'DAY', partitionExpirationDays, clusterBy } = table;
  return {
    description: table.description,
    labels: table.labels ?? {},
    schema: tableSchema(table),
    ...(partitionBy && {
      timePartitioning: {
        type: partitionUnit,
        field: partitionBy,
        ...(partitionExpirationDays !== undefined && {
          expirationMs: String(partitionExpirationDays * DAY_MS),
        }),
      },
    }),
    ...(clusterBy.length > 0 && { clustering: { fields: clusterBy } }),
    requirePartitionFilter: Boolean(partitionBy) && (table.requirePartitionFilter ?? true),
  };
}
