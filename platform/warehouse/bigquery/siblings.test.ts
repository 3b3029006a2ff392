import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import { LEDGER_COUNTS, OUTBOX, PUBLISHED, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { outboxRow } from '../conformance.ts';
import { EVERY_OUTBOX_ROW } from '../testing/every-outbox-row.ts';
import type { CellValue, Row, Warehouse } from '../warehouse.ts';
import {
  BIGQUERY_EMULATOR,
  type BigQueryEmulator,
  startBigQueryEmulator,
} from './testing/emulator.ts';
import { createDataset } from './testing/tables.ts';
import { openBigQueryWarehouse } from './warehouse.ts';

// Real: both drivers with their queries, DuckDB and the emulator. Asserted: the same rows give the
// same answers.

const TABLES = [OUTBOX, WEBHOOK_REQUESTS, PUBLISHED, LEDGER_COUNTS];
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 31, 12, 0, seconds)).toISOString();

const EVENTS: readonly Row[] = [
  outboxRow(1, { received_at: at(1) }),
  outboxRow(2, { received_at: at(2), connection_id: 'con_2', event_type: 'deal.won' }),
  outboxRow(3, { received_at: at(2), entity_type: 'contact', org_id: 'o1', actor: 'me' }),
  outboxRow(4, { received_at: at(3), tenant_id: 'other', provider: 'zoho' }),
  // The first one again, later.
  outboxRow(1, { received_at: at(4) }),
  outboxRow(5, { received_at: at(5), event_type: 'deal.observed', payload: '{"a":"Zoë"}' }),
];
const REQUESTS: readonly Row[] = [
  ['r1', 'acme', 'con_1', 1],
  ['r2', 'acme', 'con_2', 2],
  ['r3', null, null, 3],
  ['r4', 'other', 'con_3', 4],
].map(([request_id, tenant_id, connection_id, seconds]) => ({
  request_id: request_id as string,
  received_at: at(seconds as number),
  tenant_id: tenant_id as string | null,
  connection_id: connection_id as string | null,
  provider: 'hubspot',
  outcome: 'rejected',
  reason: 'bad_signature',
  http_status: 401,
  body_bytes: 12,
  occurrences: 3,
}));

const proof = (
  index: number,
  seconds: number,
  attributes: Readonly<Record<string, string>>,
): Row => ({
  subscription_name: 's',
  message_id: `${index}_${seconds}`,
  publish_time: at(seconds),
  data: '{}',
  attributes: JSON.stringify({
    event_id: outboxRow(index).event_id,
    tenant_id: 'acme',
    ...attributes,
  }),
});
const PROOFS: readonly Row[] = [
  proof(1, 1, { received_at: at(1) }),
  proof(1, 30, { received_at: at(1), carried_again: 'replay', replay_id: 'r1' }),
  proof(2, 2, {}),
  // The outbox has no such event, which was received a minute before it was published.
  proof(8, 61, { received_at: at(59) }),
  proof(6, 61, {}),
  proof(7, 61, { tenant_id: 'other' }),
  proof(9, 50, { tenant_id: 'other', event_type: 'canary.sent' }),
];
const COUNTS: readonly Row[] = [
  ['events_accepted', 'acme', null, 'a', 2, 1],
  ['events_accepted', 'acme', null, 'a', 5, 2],
  ['events_accepted', 'acme', null, 'b', 1, 1],
  ['consumed', 'acme', 'directory', 'postgres', 3, 1],
  ['consumed', 'other', 'directory', 'postgres', 9, 1],
].map(([measure, tenant_id, consumer, reporter, total, recorded]) => ({
  measure: measure as string,
  tenant_id: tenant_id as string,
  minute: at(0),
  consumer: consumer as string | null,
  reporter: reporter as string,
  total: total as number,
  recorded_at: at(recorded as number),
}));
const WINDOW = { tenant_id: 'acme', from_time: at(0), to_time: at(120) };

const PAGE: Readonly<Record<string, CellValue>> = {
  tenant_id: 'acme',
  org_id: null,
  connection_id: null,
  provider: null,
  event_type: null,
  entity_type: null,
  entity_id: null,
  received_from: null,
  received_to: null,
  before_received_at: null,
  before_event_id: null,
  row_limit: 10,
};
const LOGGED = {
  tenant_id: 'acme',
  org_id: null,
  with_unknown: true,
  connection_id: null,
  before_received_at: null,
  before_request_id: null,
  before_occurrences: null,
  row_limit: 10,
};
/** Behind a request received at second 2. */
const after = (before_request_id: string, before_occurrences: number) => ({
  before_received_at: at(2),
  before_request_id,
  before_occurrences,
});
const id = (index: number) => outboxRow(index).event_id as string;

const ROWS = { ...EVERY_OUTBOX_ROW, received_from: at(0), received_to: at(10) };
const { after_received_at, after_occurred_at, after_event_id, ...FILTER } = ROWS;
const BUCKETS = { ...FILTER, bucket_ms: 1_000 };

const cases: readonly [string, string, Readonly<Record<string, CellValue>>, number][] = [
  ['a whole page', 'events-page', PAGE, 5],
  ['a short page', 'events-page', { ...PAGE, row_limit: 2 }, 2],
  ['of a connection', 'events-page', { ...PAGE, connection_id: 'con_2' }, 1],
  ['of another provider', 'events-page', { ...PAGE, provider: 'zoho' }, 0],
  ['of a type', 'events-page', { ...PAGE, event_type: 'deal.won' }, 1],
  ['of an entity', 'events-page', { ...PAGE, entity_type: 'contact', entity_id: '3' }, 1],
  ['of a range', 'events-page', { ...PAGE, received_from: at(2), received_to: at(4) }, 2],
  [
    'from a position among equal times',
    'events-page',
    { ...PAGE, before_received_at: at(2), before_event_id: id(3) },
    2,
  ],
  ['of an organisation and the platform', 'events-page', { ...PAGE, org_id: 'o2' }, 4],
  [
    'the latest event by webhook',
    'latest-webhook-event',
    { tenant_id: 'acme', connection_id: 'con_1', received_from: at(1) },
    1,
  ],
  [
    'no event by webhook since then',
    'latest-webhook-event',
    { tenant_id: 'acme', connection_id: 'con_1', received_from: at(6) },
    0,
  ],
  ['an event', 'event-by-id', { tenant_id: 'acme', org_id: null, event_id: id(1) }, 1],
  [
    "another tenant's event",
    'event-by-id',
    { tenant_id: 'acme', org_id: null, event_id: id(4) },
    0,
  ],
  ['counts', 'outbox-counts', {}, 1],
  ['passages of canaries', 'canary-passage', { from_time: at(0), to_time: at(59) }, 1],
  ['all rows', 'outbox-rows', ROWS, 6],
  ['rows without observations', 'outbox-rows', { ...ROWS, with_observations: false }, 5],
  [
    'rows behind one, among equal times',
    'outbox-rows',
    {
      ...ROWS,
      after_received_at: at(2),
      after_occurred_at: EVENTS[1]?.occurred_at ?? null,
      after_event_id: id(2),
    },
    4,
  ],
  ['rows of a range', 'outbox-rows', { ...ROWS, received_from: at(2), received_to: at(3) }, 2],
  ['rows of a tenant', 'outbox-rows', { ...ROWS, tenant_id: 'other' }, 1],
  ['rows of an organisation', 'outbox-rows', { ...ROWS, org_id: 'o1' }, 1],
  ['rows of a connection', 'outbox-rows', { ...ROWS, connection_id: 'con_2' }, 1],
  ['rows of a provider', 'outbox-rows', { ...ROWS, provider: 'zoho' }, 1],
  ['rows of a type', 'outbox-rows', { ...ROWS, event_type: 'deal.won' }, 1],
  ['rows of an entity', 'outbox-rows', { ...ROWS, entity_type: 'contact', entity_id: '3' }, 1],
  ['counts by second', 'outbox-histogram', BUCKETS, 5],
  ['counts by day', 'outbox-histogram', { ...BUCKETS, bucket_ms: 86_400_000 }, 1],
  ['counts of a tenant', 'outbox-histogram', { ...BUCKETS, tenant_id: 'other' }, 1],
  ['sizes by second', 'outbox-sizes', BUCKETS, 5],
  ['sizes without observations', 'outbox-sizes', { ...BUCKETS, with_observations: false }, 4],
  ['minutes of the ledger', 'ledger-minutes', WINDOW, 2],
  ['minutes of nobody', 'ledger-minutes', { ...WINDOW, tenant_id: 'nobody' }, 0],
  ['events without proof', 'ledger-without-proof', { ...WINDOW, row_limit: 10 }, 2],
  ['events without an outbox row', 'ledger-without-outbox-row', { ...WINDOW, row_limit: 10 }, 2],
  ['some of them', 'ledger-without-outbox-row', { ...WINDOW, row_limit: 1 }, 1],
  ['ids of a window', 'ledger-outbox-page', { ...WINDOW, after_event_id: '', row_limit: 10 }, 4],
  ['ids from one on', 'ledger-outbox-page', { ...WINDOW, after_event_id: id(2), row_limit: 1 }, 1],
  ['what was counted elsewhere', 'ledger-counts', WINDOW, 2],
  ['requests', 'webhook-requests', LOGGED, 3],
  ['requests of a tenant alone', 'webhook-requests', { ...LOGGED, with_unknown: false }, 2],
  ['requests of a connection', 'webhook-requests', { ...LOGGED, connection_id: 'con_2' }, 1],
  ['requests after a page', 'webhook-requests', { ...LOGGED, ...after('r2', 3) }, 1],
  ['requests after one of the same time', 'webhook-requests', { ...LOGGED, ...after('r3', 3) }, 2],
  ['requests after a count of them', 'webhook-requests', { ...LOGGED, ...after('r2', 4) }, 2],
];

describeWith(BIGQUERY_EMULATOR, (path) => {
  let emulator: BigQueryEmulator;
  let dataDir: string;
  let bigQuery: Warehouse;
  let duckDb: Warehouse;

  beforeAll(async () => {
    emulator = await startBigQueryEmulator(path, { projectId: 'siblings' });
    const { restEndpoint, storageEndpoint } = emulator;
    const where = { restEndpoint, projectId: 'siblings', dataset: 'd' };
    await createDataset(where, TABLES);
    bigQuery = await openBigQueryWarehouse({
      ...where,
      location: 'EU',
      storageEndpoint,
      tables: TABLES,
      appendTimeoutMs: 30_000,
    });
    dataDir = await mkdtemp(join(tmpdir(), 'siblings-'));
    duckDb = await openDuckDbWarehouse({ dataDir });
    for (const warehouse of [bigQuery, duckDb]) {
      await warehouse.append(OUTBOX.name, EVENTS);
      await warehouse.append(WEBHOOK_REQUESTS.name, REQUESTS);
      await warehouse.append(PUBLISHED.name, PROOFS);
      await warehouse.append(LEDGER_COUNTS.name, COUNTS);
    }
  }, 90_000);
  afterAll(async () => {
    await bigQuery.close();
    await emulator.stop();
    await duckDb.close();
    await rm(dataDir, { recursive: true });
  });

  describe('the queries of BigQuery and DuckDB', () => {
    it.each(cases)('agree on %s (%s)', async (_what, name, params, count) => {
      const rows = await duckDb.query(name, params);
      expect(rows).toHaveLength(count);
      expect(await bigQuery.query(name, params)).toEqual(rows);
    });
  });
});
