import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { describeWarehouse } from '../conformance.ts';
import {
  BIGQUERY_EMULATOR,
  type BigQueryEmulator,
  startBigQueryEmulator,
} from './testing/emulator.ts';
import { createDataset, deleteDataset } from './testing/tables.ts';
import { openBigQueryWarehouse } from './warehouse.ts';

const PROJECT = 'conformance';
/** Those that the suite uses: the emulator takes a while for each. */
const TABLES = [OUTBOX, WEBHOOK_REQUESTS];

// Real: the driver, Google's clients and the emulator, in which each case has a dataset of its own.
// The emulator differs from BigQuery's documentation: partitions, clusters, the bytes cap and labels
// are taken without effect; parameters of null have no type, hence the CASTs in the queries; all its
// refusals are INTERNAL or UNKNOWN; an append to a stream that getWriteStream has not made locks up
// the whole service.
describeWith(BIGQUERY_EMULATOR, (path) => {
  let emulator: BigQueryEmulator;
  let count = 0;

  beforeAll(async () => {
    emulator = await startBigQueryEmulator(path, { projectId: PROJECT });
  }, 90_000);
  afterAll(() => emulator.stop());

  describeWarehouse('BigQuery', async () => {
    count += 1;
    const { restEndpoint, storageEndpoint } = emulator;
    const where = { restEndpoint, projectId: PROJECT, dataset: `case_${count}` };
    await createDataset(where, TABLES);
    const open = () =>
      openBigQueryWarehouse({
        ...where,
        location: 'EU',
        storageEndpoint,
        tables: TABLES,
        appendTimeoutMs: 15_000,
      });
    let warehouse = await open();
    return {
      warehouse,
      reopen: async () => {
        await warehouse.close();
        warehouse = await open();
        return warehouse;
      },
      dispose: async () => {
        await warehouse.close();
        await deleteDataset(where);
      },
    };
  });
});
