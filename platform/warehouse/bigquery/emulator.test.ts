import { status as Code } from '@grpc/grpc-js';
import { afterEach, expect, it, vi } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { freePort } from '#platform/testing/server-process.ts';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import { CONSUMERS, OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { outboxRow } from '../conformance.ts';
import { EVERY_OUTBOX_ROW } from '../testing/every-outbox-row.ts';
import type { Warehouse } from '../warehouse.ts';
import {
  BIGQUERY_EMULATOR,
  type BigQueryEmulator,
  startBigQueryEmulator,
} from './testing/emulator.ts';
import { createDataset } from './testing/tables.ts';
import { openBigQueryWarehouse } from './warehouse.ts';

// Real: the driver, Google's clients and the emulator, which is ended as a power cut would.

const PROJECT = 'faults';
const TABLES = [OUTBOX, WEBHOOK_REQUESTS, CONSUMERS];

describeWith(BIGQUERY_EMULATOR, (path) => {
  let emulator: BigQueryEmulator | undefined;
  let warehouse: Warehouse | undefined;

  afterEach(async () => {
    await warehouse?.close();
    await emulator?.stop();
  });

  it('confirms nothing that an emulator killed in mid-append did not, and goes on when it is back', async () => {
    const restPort = await freePort();
    const storagePort = await freePort();
    const start = async () => {
      emulator = await startBigQueryEmulator(path, { projectId: PROJECT, restPort, storagePort });
      const { restEndpoint } = emulator;
      await createDataset({ restEndpoint, projectId: PROJECT, dataset: 'd' }, TABLES);
      return emulator;
    };
    const { restEndpoint, storageEndpoint } = await start();
    const opened = await openBigQueryWarehouse({
      projectId: PROJECT,
      dataset: 'd',
      location: 'EU',
      restEndpoint,
      storageEndpoint,
      tables: TABLES,
      appendTimeoutMs: 1_500,
    });
    warehouse = opened;
    // The emulator is slow with its first append.
    await vi.waitFor(() => opened.append(OUTBOX.name, [outboxRow(0)]), { timeout: 30_000 });

    const rows = Array.from({ length: 2_000 }, (_, index) => outboxRow(index + 1));
    const cut = expect(opened.append(OUTBOX.name, rows)).rejects.toBeInstanceOf(
      WarehouseUnavailable,
    );
    await emulator?.stop();
    await cut;
    await expect(opened.append(OUTBOX.name, [outboxRow(1)])).rejects.toBeInstanceOf(
      WarehouseUnavailable,
    );
    await expect(opened.check()).rejects.toMatchObject({
      name: 'WarehouseUnavailable',
      cause: { code: Code.UNAVAILABLE },
    });

    await start();
    await vi.waitFor(() => opened.append(OUTBOX.name, [outboxRow(7)]), { timeout: 30_000 });
    await opened.check();
    const found = await opened.query<{ event_id: string }>('outbox-rows', EVERY_OUTBOX_ROW);
    expect(found.map(({ event_id }) => event_id)).toContain(outboxRow(7).event_id);
  }, 120_000);

  it('takes appends to three tables at once', async () => {
    emulator = await startBigQueryEmulator(path, { projectId: PROJECT });
    const { restEndpoint, storageEndpoint } = emulator;
    await createDataset({ restEndpoint, projectId: PROJECT, dataset: 'd' }, TABLES);
    const opened = await openBigQueryWarehouse({
      projectId: PROJECT,
      dataset: 'd',
      location: 'EU',
      restEndpoint,
      storageEndpoint,
      tables: TABLES,
      appendTimeoutMs: 30_000,
    });
    warehouse = opened;
    const at = new Date(0).toISOString();
    const consumer = {
      consumer: 'c',
      topic: 't',
      subscribed_at: at,
      active: true,
      recorded_at: at,
    };
    const request = {
      request_id: 'r',
      received_at: at,
      provider: 'hubspot',
      outcome: 'rejected',
      reason: 'bad_signature',
      http_status: 401,
      body_bytes: 1,
      occurrences: 1,
    };
    const appends = Array.from({ length: 5 }, (_, index) => [
      opened.append(OUTBOX.name, [outboxRow(index)]),
      opened.append(WEBHOOK_REQUESTS.name, [request]),
      opened.append(CONSUMERS.name, [consumer]),
    ]);
    await Promise.all(appends.flat());
    await opened.check();
  }, 120_000);
});
