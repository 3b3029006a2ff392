import { describe, expect, it } from 'vitest';
import { TABLES, type Table } from '#schemas/tables.ts';
import { createObjectStatement, createTableStatement } from './ddl.ts';

const THINGS: Table = {
  name: 'things',
  description: 'What "things" are,\nline by line.',
  partitionBy: 'at',
  clusterBy: ['id', 'at'],
  labels: { product: 'tributary' },
  partitionExpirationDays: 30,
  columns: [
    { name: 'id', type: 'STRING', required: true, description: 'Its C:\\id.' },
    { name: 'at', type: 'TIMESTAMP', required: false, description: "When it's." },
  ],
};

describe('the statement that creates a table', () => {
  it('describes, partitions, clusters, labels and demands a partition filter', () => {
    expect(createTableStatement(THINGS)).toBe(`CREATE TABLE IF NOT EXISTS things (
  id STRING NOT NULL OPTIONS (description = "Its C:\\\\id."),
  at TIMESTAMP OPTIONS (description = "When it's.")
)
PARTITION BY TIMESTAMP_TRUNC(at, DAY)
CLUSTER BY id, at
OPTIONS (
  description = "What \\"things\\" are,\\nline by line.",
  labels = [("product", "tributary")],
  require_partition_filter = TRUE,
  partition_expiration_days = 30
)`);
  });

  it('has no partitions where none are declared, and then demands no filter', () => {
    const { partitionBy: _, partitionExpirationDays: __, ...small } = THINGS;
    expect(createTableStatement(small)).not.toMatch(/partition/i);
  });

  it('has longer partitions, and demands no filter, where it is declared', () => {
    const sql = createTableStatement({
      ...THINGS,
      partitionUnit: 'MONTH',
      requirePartitionFilter: false,
    });
    expect(sql).toContain('PARTITION BY TIMESTAMP_TRUNC(at, MONTH)');
    expect(sql).not.toContain('require_partition_filter');
  });
});

describe('the statement that creates a function', () => {
  it('takes the two ends of a window', () => {
    const object = { kind: 'function', name: 'f', description: 'd', body: 'SELECT 1' } as const;
    expect(createObjectStatement(object)).toBe(
      'CREATE OR REPLACE TABLE FUNCTION f(from_time TIMESTAMP, to_time TIMESTAMP)\nOPTIONS (description = "d")\nAS (\nSELECT 1\n)',
    );
  });
});

// What BigQuery demands, and what was decided for every table.
describe.each(TABLES)('the declaration of $name', (table) => {
  const names = table.columns.map(({ name }) => name);

  it('describes itself and every column', () => {
    for (const { description } of [table, ...table.columns]) {
      expect(description).toMatch(/^\S.*\S$/);
      expect(description.length).toBeLessThanOrEqual(1_024);
    }
  });

  it('names each column once', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]{0,299}$/);
  });

  it('is clustered by at most four of its columns', () => {
    expect(table.clusterBy.length).toBeLessThanOrEqual(4);
    expect(names).toEqual(expect.arrayContaining([...table.clusterBy]));
  });

  it('is partitioned by a time of ours, never by one of a provider', () => {
    if (table.partitionBy === undefined) return;
    const column = table.columns.find(({ name }) => name === table.partitionBy);
    expect(column?.type).toBe('TIMESTAMP');
    expect(table.partitionBy).not.toBe('occurred_at');
  });

  it('has labels that BigQuery takes', () => {
    for (const label of Object.entries(table.labels ?? {}).flat()) {
      expect(label).toMatch(/^[a-z][a-z0-9_-]{0,62}$/);
    }
  });

  it('has no secret, only references', () => {
    expect(names.filter((name) => /secret|token|password|key$/.test(name))).toEqual(
      names.filter((name) => name === 'secret_ref'),
    );
  });
});
