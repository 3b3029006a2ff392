import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidRequest, InvalidRow, WarehouseUnavailable } from '#schemas/problems.ts';
import { OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { EVERY_OUTBOX_ROW } from './testing/every-outbox-row.ts';
import type { Row, Warehouse } from './warehouse.ts';

/** A warehouse under test: real, empty at the start of each case. */
export interface WarehouseUnderTest {
  readonly warehouse: Warehouse;
  /** Closes it and opens another on the same data. */
  reopen(): Promise<Warehouse>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

const BASE_MS = Date.UTC(2026, 0, 31, 12);

/** An outbox row; `index` makes its ids and its time of receipt. */
export function outboxRow(
  index: number,
  overrides: Partial<Record<string, Row[string]>> = {},
): Row {
  const tail = String(index).padStart(12, '0');
  return {
    event_id: `00000000-0000-5000-8000-${tail}`,
    event_type: 'deal.updated',
    entity_type: 'deal',
    entity_id: String(index),
    tenant_id: 'acme',
    org_id: null,
    connection_id: 'con_1',
    provider: 'hubspot',
    occurred_at: new Date(BASE_MS - 5_000).toISOString(),
    received_at: new Date(BASE_MS + index).toISOString(),
    schema_version: '1.0',
    trace_id: `${'0'.repeat(20)}${tail}`,
    source: 'webhook',
    actor: null,
    payload: `{"amount":"12.50","index":${index}}`,
    observation_id: null,
    changed_fields: null,
    ...overrides,
  };
}

const refusedRows: readonly { name: string; row: Row; column: string }[] = [
  { name: 'a required value is null', row: outboxRow(1, { tenant_id: null }), column: 'tenant_id' },
  {
    name: 'a text column holds a number',
    row: outboxRow(1, { entity_id: 5 }),
    column: 'entity_id',
  },
  {
    name: 'an instant is not one',
    row: outboxRow(1, { received_at: 'today' }),
    column: 'received_at',
  },
  {
    name: 'an instant has no zone',
    row: outboxRow(1, { received_at: '2026-01-31T12:00:00' }),
    column: 'received_at',
  },
  { name: 'a column does not exist', row: outboxRow(1, { colour: 'red' }), column: 'colour' },
];

const texts: readonly { name: string; text: string }[] = [
  { name: 'quotes and backslashes', text: '{"a":"\\"\\\\"}' },
  { name: 'line ends', text: '{"a":"one\\ntwo\\r\\n"}' },
  { name: 'other scripts and emoji', text: '{"a":"Zoë 東京 🚀"}' },
  { name: 'control characters', text: '{"a":"\\u0000\\u001f\\u007f"}' },
  { name: 'a commit record of the journal', text: '{"commit":{"bytes":1,"crc32":2}}' },
  {
    name: 'an exact decimal of 40 digits',
    text: '{"a":"1234567890123456789012345678901234567890.10"}',
  },
  { name: 'a long text', text: JSON.stringify({ a: 'x'.repeat(1_000_000) }) },
];

/**
 * What every warehouse driver must do. Real: the driver and its store. Asserted: only what the
 * interface promises, never how or how fast.
 */
export function describeWarehouse(name: string, make: () => Promise<WarehouseUnderTest>): void {
  describe(`warehouse: ${name}`, () => {
    let test: WarehouseUnderTest;
    let warehouse: Warehouse;

    beforeEach(async () => {
      test = await make();
      warehouse = test.warehouse;
    });
    afterEach(() => test.dispose());

    const appendOutbox = (...rows: Row[]) => warehouse.append(OUTBOX.name, rows);
    const rowsIn = (from: Warehouse) =>
      from.query<Record<string, unknown>>('outbox-rows', EVERY_OUTBOX_ROW);

    it('returns the rows that were appended, in order of receipt', async () => {
      await appendOutbox(outboxRow(2), outboxRow(1), outboxRow(3));
      const rows = await rowsIn(warehouse);
      expect(rows).toEqual([outboxRow(1), outboxRow(2), outboxRow(3)]);
    });

    it('shows an append to every query sent after it', async () => {
      for (let index = 0; index < 5; index += 1) {
        await appendOutbox(outboxRow(index));
        expect(await rowsIn(warehouse)).toHaveLength(index + 1);
      }
    });

    it('keeps appends made at the same time apart and whole', async () => {
      const batches = Array.from({ length: 40 }, (_, batch) =>
        Array.from({ length: 25 }, (_, index) => outboxRow(batch * 25 + index)),
      );
      await Promise.all(batches.map((rows) => appendOutbox(...rows)));
      const rows = await rowsIn(warehouse);
      expect(new Set(rows.map((row) => row.event_id)).size).toBe(1_000);
      expect(rows).toHaveLength(1_000);
    });

    it('keeps everything when it is closed and opened again, once', async () => {
      await appendOutbox(outboxRow(1));
      await rowsIn(warehouse);
      await appendOutbox(outboxRow(2));
      const reopened = await test.reopen();
      expect(await rowsIn(reopened)).toEqual([outboxRow(1), outboxRow(2)]);
    });

    it.each(texts)('returns $name as they were', async ({ text }) => {
      await appendOutbox(outboxRow(1, { payload: text, entity_id: text.slice(0, 200) }));
      expect(await rowsIn(warehouse)).toEqual([
        outboxRow(1, { payload: text, entity_id: text.slice(0, 200) }),
      ]);
    });

    it.each(refusedRows)('refuses the whole append when $name', async ({ row, column }) => {
      const refusal = appendOutbox(outboxRow(7), row);
      await expect(refusal).rejects.toBeInstanceOf(InvalidRow);
      await expect(refusal).rejects.toMatchObject({ faults: [{ pointer: `/1/${column}` }] });
      expect(await rowsIn(warehouse)).toEqual([]);
    });

    const streamed = (from: Warehouse) =>
      from.stream<Record<string, unknown>>('outbox-rows', EVERY_OUTBOX_ROW);
    const rowsOf = async (stream: AsyncIterable<Record<string, unknown>[]>) => {
      const rows: Record<string, unknown>[] = [];
      for await (const batch of stream) rows.push(...batch);
      return rows;
    };

    it('streams all rows in the order of the query, as a query gives them', async () => {
      const rows = Array.from({ length: 6_000 }, (_, index) => outboxRow(index));
      for (let start = 0; start < rows.length; start += 1_000) {
        await appendOutbox(...rows.slice(start, start + 1_000).reverse());
      }
      expect(await rowsOf(streamed(warehouse))).toEqual(rows);
    });

    it('streams nothing where there is nothing', async () => {
      expect(await rowsOf(streamed(warehouse))).toEqual([]);
    });

    it('streams what there was when the stream began', async () => {
      const rows = Array.from({ length: 6_000 }, (_, index) => outboxRow(index));
      await appendOutbox(...rows);
      let seen = 0;
      for await (const batch of streamed(warehouse)) {
        await appendOutbox(outboxRow(10_000 + seen));
        seen += batch.length;
      }
      expect(seen).toBe(rows.length);
    });

    it('streams side by side, and is left early', async () => {
      await appendOutbox(...Array.from({ length: 6_000 }, (_, index) => outboxRow(index)));
      const other = streamed(warehouse);
      const first = await other.next();
      for await (const rows of streamed(warehouse)) {
        expect(rows[0]).toEqual(outboxRow(0));
        break;
      }
      expect([...(first.value ?? []), ...(await rowsOf(other))]).toHaveLength(6_000);
      await appendOutbox(outboxRow(7_000));
      expect(await warehouse.query('outbox-counts')).toEqual([
        { outbox_rows: 6_001, events: 6_001 },
      ]);
    });

    it('ends a stream that is open when it closes', async () => {
      await appendOutbox(...Array.from({ length: 6_000 }, (_, index) => outboxRow(index)));
      const open = streamed(warehouse);
      await open.next();
      await warehouse.close();
      await expect(open.next()).rejects.toBeInstanceOf(WarehouseUnavailable);
      expect(await open.next()).toEqual({ done: true, value: undefined });
    });

    it('refuses a stream of a query that does not exist, or with a parameter that is wrong', async () => {
      await expect(warehouse.stream('nothing').next()).rejects.toBeInstanceOf(InvalidRequest);
      await appendOutbox(outboxRow(1));
      const wrong = warehouse.stream('outbox-rows', {
        ...EVERY_OUTBOX_ROW,
        received_from: 'yesterday',
      });
      await expect(wrong.next()).rejects.toMatchObject({ name: expect.any(String) });
    });

    it('counts repetitions as rows of one event', async () => {
      await appendOutbox(outboxRow(1), outboxRow(2));
      await appendOutbox(outboxRow(1, { received_at: new Date(BASE_MS + 60_000).toISOString() }));
      expect(await warehouse.query('outbox-counts')).toEqual([{ outbox_rows: 3, events: 2 }]);
    });

    it('returns integers as numbers and absent values as null', async () => {
      const row = {
        request_id: 'r1',
        received_at: '2026-01-31T12:00:00.000Z',
        tenant_id: null,
        org_id: null,
        connection_id: null,
        provider: 'hubspot',
        outcome: 'rejected',
        reason: 'unknown_connection',
        detail: null,
        http_status: 401,
        body_bytes: 9_007_199_254_740_991,
        remote_address: '127.0.0.1',
        occurrences: 1,
      };
      await warehouse.append(WEBHOOK_REQUESTS.name, [row]);
      const filter = {
        tenant_id: 'acme',
        org_id: null,
        with_unknown: true,
        connection_id: null,
        before_received_at: null,
        before_request_id: null,
        before_occurrences: null,
        row_limit: 10,
      };
      expect(await warehouse.query('webhook-requests', filter)).toEqual([row]);
    });

    it('takes values as parameters, never as SQL', async () => {
      await appendOutbox(outboxRow(1));
      const hostile = "x' OR '1'='1";
      const filter = {
        tenant_id: hostile,
        org_id: null,
        event_id: outboxRow(1).event_id as string,
      };
      expect(await warehouse.query('event-by-id', filter)).toEqual([]);
    });

    it('refuses a table and a query that do not exist', async () => {
      await expect(warehouse.append('nothing', [outboxRow(1)])).rejects.toBeInstanceOf(
        InvalidRequest,
      );
      await expect(warehouse.query('nothing')).rejects.toBeInstanceOf(InvalidRequest);
    });

    it('says whether it can work', async () => {
      await warehouse.check();
    });

    it('refuses work after it was closed', async () => {
      await warehouse.close();
      await expect(warehouse.check()).rejects.toBeInstanceOf(WarehouseUnavailable);
      await expect(appendOutbox(outboxRow(1))).rejects.toBeInstanceOf(WarehouseUnavailable);
      await expect(warehouse.query('outbox-counts')).rejects.toBeInstanceOf(WarehouseUnavailable);
      await expect(streamed(warehouse).next()).rejects.toBeInstanceOf(WarehouseUnavailable);
    });
  });
}
