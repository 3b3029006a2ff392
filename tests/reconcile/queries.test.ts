// What the comparing queries find. Real: both drivers with their queries, DuckDB and the BigQuery
// emulator, on the same rows. Each case has an hour of its own, far from the others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { loadQueryFiles } from '#platform/warehouse/bigquery/query-files.ts';
import {
  BIGQUERY_EMULATOR,
  startBigQueryEmulator,
} from '#platform/warehouse/bigquery/testing/emulator.ts';
import { createDataset } from '#platform/warehouse/bigquery/testing/tables.ts';
import { openBigQueryWarehouse } from '#platform/warehouse/bigquery/warehouse.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { type GapPage, scanGaps } from '#services/reconcile/scan-gaps.ts';
import { provenEvents } from '#services/reconcile/verify-carried.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';
import { eventAt, proofOf } from './proofs.ts';

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;
const BASE_MS = Date.UTC(2026, 0, 10);
const SETTINGS = { graceMs: 0, sliceMs: HOUR_MS, nearMs: 60 * SECOND_MS, readGapMs: HOUR_MS };

interface Case {
  readonly name: string;
  /** @param at a second of the case's hour, in ms since 1970 */
  readonly rows: (at: (second: number) => number) => {
    readonly outbox?: readonly CanonicalEvent[];
    readonly proofs?: readonly Row[];
  };
  /** Side and entity of what is found, in order. */
  readonly finds: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'nothing where both sides have it',
    rows: (at) => {
      const event = eventAt('both', at(10));
      return { outbox: [event], proofs: [proofOf(event, at(11))] };
    },
    finds: [],
  },
  {
    name: 'what has no proof, in order of receipt, and what has no row',
    rows: (at) => ({
      outbox: [eventAt('later', at(30)), eventAt('earlier', at(10))],
      proofs: [proofOf(eventAt('only carried', at(20)), at(21))],
    }),
    finds: ['outbox earlier', 'proof only carried', 'outbox later'],
  },
  {
    name: 'an event once that has several rows or several proofs',
    rows: (at) => {
      const [stored, carried] = [eventAt('stored', at(10)), eventAt('carried', at(20))];
      const again = { ...stored, received_at: new Date(at(12)).toISOString() };
      const proofs = [proofOf(carried, at(21)), proofOf(carried, at(25))];
      return { outbox: [stored, again], proofs };
    },
    finds: ['outbox stored', 'proof carried'],
  },
  {
    name: 'nothing where one of several rows or proofs is on the other side',
    rows: (at) => {
      const event = eventAt('twice', at(10));
      const again = { ...event, received_at: new Date(at(40)).toISOString() };
      return { outbox: [event, again], proofs: [proofOf(event, at(11)), proofOf(event, at(41))] };
    },
    finds: [],
  },
  {
    name: 'what stands on the first millisecond of the window, and not on the one after the last',
    rows: (at) => ({
      outbox: [eventAt('first', at(0)), eventAt('last', at(3_600) - 1), eventAt('next', at(3_600))],
    }),
    finds: ['outbox first', 'outbox last'],
  },
  {
    name: 'nothing where the counterpart stands just outside the window',
    rows: (at) => {
      const [early, late] = [eventAt('early', at(0)), eventAt('late', at(3_600) - 1)];
      const [before, after] = [eventAt('before', at(0) - 1), eventAt('after', at(3_600))];
      return {
        outbox: [early, late, before, after],
        proofs: [
          proofOf(early, at(-59)),
          proofOf(late, at(3_659)),
          proofOf(before, at(1)),
          proofOf(after, at(3_599)),
        ],
      };
    },
    finds: [],
  },
  {
    name: 'what the outbox carried again as no gap of the outbox, and what the spool did as one',
    rows: (at) => {
      const carried = (name: string, carried_again: 'relay' | 'reconcile' | 'retry' | 'spool') =>
        proofOf(eventAt(name, at(10)), at(20), { carried_again });
      return {
        proofs: [
          carried('relayed', 'relay'),
          carried('reconciled', 'reconcile'),
          carried('retried', 'retry'),
          carried('spooled', 'spool'),
        ],
      };
    },
    finds: ['proof spooled'],
  },
  {
    name: 'proof in what was carried again to everyone, and none in what was for one consumer',
    rows: (at) => {
      const [all, one] = [eventAt('for all', at(10)), eventAt('for one', at(11))];
      const replay = { carried_again: 'replay', replay_id: 'rep_1' } as const;
      return {
        outbox: [all, one],
        proofs: [
          proofOf(all, at(40), replay),
          proofOf(one, at(41), { ...replay, only_consumer: 'commission' }),
        ],
      };
    },
    finds: ['outbox for one'],
  },
  {
    name: 'observations like any other event',
    rows: (at) => {
      const observed = { event_type: 'deal.observed' };
      const both = eventAt('observed', at(10), observed);
      return {
        outbox: [both, eventAt('observed, not carried', at(11), observed)],
        proofs: [
          proofOf(both, at(12)),
          proofOf(eventAt('observed, not stored', at(13), observed), at(14)),
        ],
      };
    },
    finds: ['outbox observed, not carried', 'proof observed, not stored'],
  },
  {
    name: 'events of every tenant',
    rows: (at) => {
      const other = { tenant_id: 'other' };
      return {
        outbox: [eventAt('of another tenant', at(10), other)],
        proofs: [proofOf(eventAt('carried for another', at(20), other), at(20))],
      };
    },
    finds: ['outbox of another tenant', 'proof carried for another'],
  },
  {
    name: 'what attributes say, whatever their order, spaces and values',
    rows: (at) => {
      const event = eventAt('größer "_again" \\"_consumer\\"', at(10));
      const attributes = {
        tenant_id: 'acme',
        'ce-subject': '"event_id":"x"',
        event_id: event.event_id,
      };
      return {
        outbox: [event],
        proofs: [proofOf(event, at(11), {}, { attributes: JSON.stringify(attributes, null, 2) })],
      };
    },
    finds: [],
  },
  {
    name: 'nothing in messages that name no event',
    rows: (at) => {
      const foreign = (attributes: string) =>
        proofOf(eventAt('foreign', at(10)), at(10), {}, { attributes });
      return { proofs: [foreign('{}'), foreign('{"kind":"test"}')] };
    },
    finds: [],
  },
];

/** The hour of a case, and how many seconds into it. */
const timeOf = (index: number) => (second: number) =>
  BASE_MS + index * 6 * HOUR_MS + second * SECOND_MS;
const everything = cases.map(({ rows }, index) => rows(timeOf(index)));
const names = new Map(
  everything.flatMap(({ outbox = [], proofs = [] }) => [
    ...outbox.map((event) => [event.event_id, event.entity_id] as const),
    ...proofs.map(({ data }) => {
      const event = JSON.parse(String(data)) as CanonicalEvent;
      return [event.event_id, event.entity_id] as const;
    }),
  ]),
);

function describeQueries(open: (stack: AsyncDisposableStack) => Promise<Warehouse>): void {
  let stack: AsyncDisposableStack;
  let warehouse: Warehouse;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    warehouse = await open(stack);
    await warehouse.append(
      OUTBOX.name,
      everything.flatMap(({ outbox = [] }) => outbox.map(eventToRow)),
    );
    await warehouse.append(
      PUBLISHED.name,
      everything.flatMap(({ proofs = [] }) => proofs),
    );
  }, 90_000);
  afterAll(() => stack.disposeAsync());

  const pagesOf = async (fromMs: number, toMs: number, sliceMs = SETTINGS.sliceMs) => {
    const pages: GapPage[] = [];
    for await (const page of scanGaps(warehouse, { fromMs, toMs }, { ...SETTINGS, sliceMs }))
      pages.push(page);
    return pages;
  };
  const scan = async (...range: Parameters<typeof pagesOf>) =>
    (await pagesOf(...range)).flatMap(({ gaps }) => gaps);

  it.each(cases.map((one, index) => ({ ...one, index })))(
    'finds $name',
    async ({ index, finds }) => {
      const at = timeOf(index);
      const found = await scan(at(0), at(3_600));
      expect(found.map(({ side, eventId }) => `${side} ${names.get(eventId)}`)).toEqual(finds);
    },
  );

  it('names tenant and time of what it finds', async () => {
    const at = timeOf(1);
    const [stored, carried] = await scan(at(0), at(3_600));
    expect(stored).toMatchObject({ tenantId: 'acme', atMs: at(10) });
    expect(carried).toMatchObject({ tenantId: null, atMs: at(21) });
  });

  it.each([
    { name: 'far from their rows', index: 6, late: true },
    { name: 'near their rows', index: 7, late: false },
  ])('tells of messages that were carried again $name: $late', async ({ index, late }) => {
    const at = timeOf(index);
    const [page] = await pagesOf(at(0), at(3_600));
    expect([page?.isWhole, page?.hasLateProofs]).toEqual([true, late]);
  });

  it('finds the same in one slice and in many', async () => {
    const [fromMs, toMs] = [BASE_MS, timeOf(cases.length)(0)];
    const whole = await scan(fromMs, toMs, 30 * 24 * HOUR_MS);
    expect(whole.length).toBeGreaterThan(8);
    expect(await scan(fromMs, toMs, 5 * HOUR_MS)).toEqual(whole);
    const at = timeOf(5);
    const edges = await scan(at(-60), at(3_660));
    expect(await scan(at(-60), at(3_660), 7 * 60 * SECOND_MS)).toEqual(edges);
  });

  it('goes on within one time where a page ends', async () => {
    const at = timeOf(2);
    const ids = (await scan(at(0), at(3_600))).map(({ eventId }) => eventId);
    const seen: string[] = [];
    let position = { seen_at: new Date(at(0)).toISOString(), event_id: '' };
    for (;;) {
      const [row] = await warehouse.query<{ seen_at: string; event_id: string }>('reconcile-gaps', {
        from_time: position.seen_at,
        to_time: new Date(at(3_600)).toISOString(),
        near_from: new Date(at(-60)).toISOString(),
        near_to: new Date(at(3_660)).toISOString(),
        after_event_id: position.event_id,
        row_limit: 1,
      });
      if (!row) break;
      seen.push(row.event_id);
      position = row;
    }
    expect([...new Set(seen)]).toEqual(ids);
  });

  it('looks up proof wherever it stands, but not in what was for one consumer', async () => {
    const replayed = everything[7]?.outbox?.map(({ event_id }) => event_id) ?? [];
    const unknown = eventAt('unknown', BASE_MS).event_id;
    const proven = await provenEvents(warehouse, [...replayed, unknown], { fromMs: BASE_MS });
    expect([...proven].map((id) => names.get(id))).toEqual(['for all']);
  });

  it('knows when the newest proof was published, or that there is none', async () => {
    const newest = (fromMs: number, toMs: number) =>
      warehouse.query('newest-proof', {
        from_time: new Date(fromMs).toISOString(),
        to_time: new Date(toMs).toISOString(),
      });
    const at = timeOf(2);
    expect(await newest(at(0), at(3_600))).toEqual([
      { published_at: new Date(at(25)).toISOString() },
    ]);
    expect(await newest(at(-3_600), at(0))).toEqual([{ published_at: null }]);
  });

  it('reads single rows and messages of a range', async () => {
    const at = timeOf(2);
    const [stored, carried] = await scan(at(0), at(3_600));
    const range = (from: number, to: number) => ({
      from_time: new Date(at(from)).toISOString(),
      to_time: new Date(at(to)).toISOString(),
    });
    const rows = (to: number) =>
      warehouse.query('outbox-events', { ...range(10, to), event_ids: `x,${stored?.eventId}` });
    expect(await rows(12)).toHaveLength(1);
    expect(await rows(13)).toHaveLength(2);
    const read = await warehouse.query<{ data: string }>('published-messages', {
      ...range(21, 25),
      event_ids: `x,${carried?.eventId}`,
    });
    expect(read.map(({ data }) => JSON.parse(data).event_id)).toEqual([carried?.eventId]);
  });
}

it('reads of both tables the partitions of one window, named by constants', async () => {
  const { sql } = (await loadQueryFiles()).get('reconcile-gaps') ?? {};
  const statement = sql?.replaceAll(/--.*$/gm, '') ?? '';
  const windows = {
    integration_events_outbox: 'received_at',
    integration_events_published: 'publish_time',
  };
  for (const [table, column] of Object.entries(windows)) {
    const reads = statement.match(new RegExp(`FROM ${table}\\b`, 'g'));
    const window = new RegExp(
      `FROM ${table}\\s+WHERE ${column} >= @near_from AND ${column} < @near_to\\b`,
    );
    expect([reads?.length, statement]).toEqual([1, expect.stringMatching(window)]);
  }
});

describe('the comparing queries of DuckDB', () => describeQueries(temporaryWarehouse));

describeWith(BIGQUERY_EMULATOR, (path) => {
  describe('the comparing queries of BigQuery', () =>
    describeQueries(async (stack) => {
      const emulator = stack.adopt(
        await startBigQueryEmulator(path, { projectId: 'reconcile' }),
        (one) => one.stop(),
      );
      const { restEndpoint, storageEndpoint } = emulator;
      const where = { restEndpoint, projectId: 'reconcile', dataset: 'd' };
      const tables = [OUTBOX, PUBLISHED];
      await createDataset(where, tables);
      const options = {
        ...where,
        location: 'EU',
        storageEndpoint,
        tables,
        appendTimeoutMs: 30_000,
      };
      const warehouse = await openBigQueryWarehouse({ ...options, connections: 1 });
      return stack.adopt(warehouse, (one) => one.close());
    }));
});
