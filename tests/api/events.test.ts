// /v1/events over DuckDB; see api-app.ts for what is real.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';

const EVENTS = 1_000;
let stack: AsyncDisposableStack;
let api: ApiApp;

/** Events of two connections and three types; each ten share a time of receipt, as a batch does. */
function event(index: number): CanonicalEvent {
  const { received_at } = testEvent(Math.floor(index / 10));
  return testEvent(index, {
    tenant_id: TENANT,
    connection_id: index % 2 === 0 ? 'con_even' : 'con_odd',
    provider: index % 2 === 0 ? 'hubspot' : 'custom',
    event_type: ['deal.updated', 'deal.won', 'contact.created'][index % 3] ?? '',
    entity_type: index % 3 === 2 ? 'contact' : 'deal',
    entity_id: String(index % 100),
    received_at,
    metadata: { ...testEvent(index).metadata, timestamp: received_at },
  });
}

const events = Array.from({ length: EVENTS }, (_, index) => event(index));
const append = (...rows: CanonicalEvent[]) =>
  api.warehouse.append(OUTBOX.name, rows.map(eventToRow));

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  await append(...events);
  await append(...events.slice(0, 50).map((one) => ({ ...one, tenant_id: 'other' })));
  // Repetitions: in the same instant, as two batches at once leave them, and much later.
  await append(...events.filter((_, index) => index % 7 === 0));
  const later = testEvent(100_000).received_at;
  await append(...events.slice(100, 200).map((one) => ({ ...one, received_at: later })));
});
afterAll(() => stack.disposeAsync());

/** All pages of a query, one after the other. */
async function pages(query: string): Promise<CanonicalEvent[][]> {
  const found: CanonicalEvent[][] = [];
  let cursor: unknown = null;
  do {
    const next = cursor === null ? '' : `&cursor=${String(cursor)}`;
    const { status, body } = await api.call('GET', `/v1/events?${query}${next}`);
    expect(status).toBe(200);
    found.push(body.events as CanonicalEvent[]);
    cursor = body.next_cursor;
    expect(found.length).toBeLessThan(2 * EVENTS);
  } while (cursor !== null);
  return found;
}

const newestFirst = (list: readonly CanonicalEvent[]) =>
  list.toSorted((a, b) =>
    `${a.received_at} ${a.event_id}` > `${b.received_at} ${b.event_id}` ? -1 : 1,
  );

describe('GET /v1/events', () => {
  it.each([7, 50, 500])('gives every event once, newest first, %i to a page', async (limit) => {
    const found = await pages(`limit=${limit}`);
    expect(found.flat()).toEqual(newestFirst(events));
    expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(limit);
  });

  const at = (index: number) => event(index).received_at;
  const filters: { query: string; matches: (one: CanonicalEvent) => boolean }[] = [
    { query: 'connection_id=con_odd', matches: (one) => one.connection_id === 'con_odd' },
    { query: 'provider=hubspot', matches: (one) => one.provider === 'hubspot' },
    { query: 'event_type=deal.won', matches: (one) => one.event_type === 'deal.won' },
    { query: 'entity_type=contact', matches: (one) => one.entity_type === 'contact' },
    { query: 'entity_id=42', matches: (one) => one.entity_id === '42' },
    {
      query: `received_from=${at(300)}&received_to=${at(500)}`,
      matches: (one) => one.received_at >= at(300) && one.received_at < at(500),
    },
    {
      query: 'connection_id=con_even&event_type=deal.won&entity_type=deal',
      matches: (one) => one.connection_id === 'con_even' && one.event_type === 'deal.won',
    },
    { query: "entity_id=1'%20OR%20'1'='1", matches: () => false },
    { query: 'connection_id=', matches: () => false },
  ];
  it.each(filters)('filters by $query, over all pages', async ({ query, matches }) => {
    const found = await pages(`limit=30&${query}`);
    expect(found.flat()).toEqual(newestFirst(events.filter(matches)));
  });

  it('reads times of any zone', async () => {
    const zoned = new Date(Date.parse(at(500)) + 7_200_000).toISOString().replace('Z', '%2B02:00');
    const found = await pages(`limit=500&received_from=${zoned}`);
    expect(found.flat()).toEqual(newestFirst(events.slice(500)));
  });

  it('shows an event that came while pages were read at no place a second time', async () => {
    const first = await api.call('GET', '/v1/events?limit=10');
    const newest = testEvent(200_000, { tenant_id: TENANT, connection_id: 'con_late' });
    await append(newest);
    const next = await api.call('GET', `/v1/events?limit=10&cursor=${first.body.next_cursor}`);
    const ids = [first, next].flatMap(({ body }) =>
      (body.events as CanonicalEvent[]).map((one) => one.event_id),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(newest.event_id);
    await expect(pages('connection_id=con_late')).resolves.toEqual([[newest]]);
  });

  it.each([
    'cursor=nonsense',
    `cursor=${Buffer.from('["2026","x"]').toString('base64url')}`,
    'limit=0',
    'limit=501',
    'limit=ten',
    'limit=1.5',
    'received_from=yesterday',
    'received_to=2026-01-31',
    'received_from=2026-02-30T00:00:00Z',
    'entity_id=1&entity_id=2',
  ])('refuses %s', async (query) => {
    const answer = await api.call('GET', `/v1/events?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });
});

describe('GET /v1/events/{event_id}', () => {
  it('gives the event whole, as it was first received, and how many rows hold it', async () => {
    const rows: [number, number][] = [
      [1, 1],
      [7, 2],
      [101, 2],
      [105, 3],
    ];
    for (const [index, outbox_rows] of rows) {
      const answer = await api.call('GET', `/v1/events/${event(index).event_id}`);
      expect(answer).toMatchObject({ status: 200, body: { event: event(index), outbox_rows } });
    }
  });

  it.each(['00000000-0000-5000-8000-000000000000', 'nothing', '%00', "'%20OR%20'1'='1"])(
    'finds nothing at %s',
    async (id) => {
      const answer = await api.call('GET', `/v1/events/${id}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );

  it('does not find an event of another tenant', async () => {
    const hidden = testEvent(300_000, { tenant_id: 'other' });
    await append(hidden);
    const answer = await api.call('GET', `/v1/events/${hidden.event_id}`);
    expect(answer.status).toBe(404);
  });
});
