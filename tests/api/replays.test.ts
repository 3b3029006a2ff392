// What may be asked of replays; see api-app.ts. Real: the routes, DuckDB, Postgres (PGlite). Not there:
// the runner, so that a replay stays where the requests put it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import type { components } from '../../client/generated/api.ts';
import type { TributaryProblem } from '../../client/problem.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';

type View = components['schemas'];

const RANGE = {
  received_from: '2026-01-01T00:00:00.000Z',
  received_to: '2026-02-01T00:00:00.000Z',
};
const at = (day: number) => new Date(Date.UTC(2026, 0, day, 12)).toISOString();
const NO_REPLAY = '00000000-0000-4000-8000-000000000000';

const EVENTS: readonly CanonicalEvent[] = [
  testEvent(1, { received_at: at(1) }),
  testEvent(2, { received_at: at(2), event_type: 'deal.won' }),
  testEvent(3, { received_at: at(3), connection_id: 'con_9' }),
  testEvent(4, { received_at: at(4), provider: 'zoho' }),
  testEvent(5, { received_at: at(5), entity_type: 'contact', entity_id: 'e5' }),
  testEvent(6, { received_at: at(6), org_id: 'o1' }),
  testEvent(7, { received_at: at(7), tenant_id: 'other' }),
  testEvent(8, { received_at: at(8), event_type: 'deal.observed' }),
  testEvent(9, { received_at: '2025-12-31T23:59:59.999Z' }),
];

let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  await api.warehouse.append(OUTBOX.name, EVENTS.map(eventToRow));
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await api.database.query('DELETE FROM replays');
  await api.database.query('DELETE FROM replay_predicates');
});

const post = (body: object) => api.call('POST', '/v1/replays', body);
const create = async (body: object = {}) =>
  (await post({ predicate: RANGE, ...body })).body as unknown as View['Replay'];

describe('POST /v1/replays', () => {
  it('makes a replay with its receipt', async () => {
    const { status, body } = await post({ predicate: RANGE });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      state: 'waiting',
      predicate: RANGE,
      predicate_name: null,
      consumer: null,
      mode: 'missing',
      rate_per_second: 1_000,
      max_events: 1_000_000,
      matched: 6,
      published: 0,
      through: null,
      waits_for: null,
      failure: null,
      created_by: 'API token',
      created_at: expect.any(String),
      started_at: null,
      finished_at: null,
      process: null,
    });
    expect((await api.call('GET', `/v1/replays/${body.id}`)).body).toEqual(body);
  });

  it('takes all that can be said', async () => {
    const said = { consumer: 'delivery', mode: 'again', rate_per_second: null, max_events: 6 };
    expect(await create(said)).toMatchObject(said);
  });

  const filters = [
    { name: 'event type', filter: { event_type: 'deal.won' }, events: 1 },
    { name: 'an observation by its type', filter: { event_type: 'deal.observed' }, events: 1 },
    { name: 'connection', filter: { connection_id: 'con_9' }, events: 1 },
    { name: 'provider', filter: { provider: 'zoho' }, events: 1 },
    { name: 'entity type', filter: { entity_type: 'contact' }, events: 1 },
    { name: 'entity', filter: { entity_id: 'e5' }, events: 1 },
    { name: 'organisation', filter: { org_id: 'o1' }, events: 1 },
    {
      name: 'parts that exclude each other',
      filter: { provider: 'zoho', org_id: 'o1' },
      events: 0,
    },
    { name: 'a shorter range', filter: { received_to: at(3) }, events: 2 },
    {
      name: 'a range in another zone',
      filter: { received_to: '2026-01-03T13:00:00+01:00' },
      events: 2,
    },
  ];
  it.each(filters)('counts by $name', async ({ filter, events }) => {
    const predicate = { ...RANGE, ...filter };
    expect(await create({ predicate })).toMatchObject({ matched: events });
    const dry = await post({ predicate, dry_run: true });
    expect(dry).toMatchObject({ status: 200, body: { events, dry_run: true } });
  });

  it('only weighs and prices a dry run', async () => {
    const { status, body } = await post({ predicate: RANGE, dry_run: true, max_events: 5 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ predicate: RANGE, events: 6, exceeds_max_events: true });
    expect(body.bytes).toBeGreaterThan(6 * 1_000);
    expect(body.cost).toMatchObject({ prices_as_of: '2026-11-20' });
    for (const [name, value] of Object.entries(body.cost as Record<string, string>)) {
      if (name !== 'prices_as_of') expect(value).toMatch(/^\d+\.\d{4}$/);
    }
    expect(await api.client.get('/v1/replays')).toEqual({ replays: [], next_cursor: null });
  });

  it('ends the range at the present time', async () => {
    const received_from = new Date(Date.now() - 86_400_000).toISOString();
    const received_to = new Date(Date.now() + 86_400_000).toISOString();
    const { predicate } = await create({ predicate: { received_from, received_to } });
    expect(Date.parse(predicate.received_to ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('refuses more events than it may, and says how many there are', async () => {
    const { status, body } = await post({ predicate: RANGE, max_events: 5 });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'replay_too_large' });
    expect(body.detail).toContain('6 events');
  });

  const refused = [
    { name: 'no range', body: {} },
    { name: 'half a range', body: { predicate: { received_from: at(1) } } },
    {
      name: 'a range turned round',
      body: { predicate: { received_from: at(2), received_to: at(1) } },
    },
    {
      name: 'a range of nothing',
      body: { predicate: { received_from: at(1), received_to: at(1) } },
    },
    {
      name: 'a range that starts ahead',
      body: {
        predicate: { received_from: '2999-01-01T00:00:00Z', received_to: '2999-01-02T00:00:00Z' },
      },
    },
    {
      name: 'a range of years',
      body: { predicate: { ...RANGE, received_from: '2024-01-01T00:00:00Z' } },
    },
    {
      name: 'the year 0',
      body: {
        predicate: { received_from: '0000-01-01T00:00:00Z', received_to: '0000-01-02T00:00:00Z' },
      },
    },
    {
      name: 'a time without a zone',
      body: { predicate: { ...RANGE, received_to: '2026-02-01T00:00:00' } },
    },
    { name: 'an unknown part', body: { predicate: { ...RANGE, tenant_id: 'other' } } },
    { name: 'an empty part', body: { predicate: { ...RANGE, entity_id: '' } } },
    { name: 'a part too long', body: { predicate: { ...RANGE, entity_id: 'x'.repeat(257) } } },
    { name: 'a part that cannot be stored', body: { predicate: { ...RANGE, entity_id: 'a\0b' } } },
    { name: 'a name no consumer has', body: { predicate: RANGE, consumer: 'No Such' } },
    { name: 'an unknown mode', body: { predicate: RANGE, mode: 'twice' } },
    { name: 'a rate of nothing', body: { predicate: RANGE, rate_per_second: 0 } },
    { name: 'a rate that is not whole', body: { predicate: RANGE, rate_per_second: 1.5 } },
    { name: 'no events at all', body: { predicate: RANGE, max_events: 0 } },
    { name: 'an unknown field', body: { predicate: RANGE, tenant_id: 'other' } },
  ];
  it.each(refused)('refuses $name', async ({ body }) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(await post({ ...body, dry_run: true })).toMatchObject({ status: 400 });
  });

  it('refuses another one when a hundred have not ended', async () => {
    await create();
    await api.database.query(
      `INSERT INTO replays (id, tenant_id, predicate, mode, max_events, matched, created_by)
       SELECT gen_random_uuid(), $1, '{}', 'missing', 1, 1, 'x' FROM generate_series(1, 99)`,
      [TENANT],
    );
    expect(await post({ predicate: RANGE })).toMatchObject({
      status: 409,
      body: { code: 'replay_limit_reached' },
    });
  });
});

describe('a replay', () => {
  const move = (id: string, what: string) => api.call('POST', `/v1/replays/${id}/${what}`);
  const put = (id: string, state: string) =>
    api.database.query('UPDATE replays SET state = $2 WHERE id = $1', [id, state]);

  const moves = [
    { from: 'waiting', move: 'pause', to: 'paused' },
    { from: 'running', move: 'pause', to: 'paused' },
    { from: 'paused', move: 'pause', to: 'paused' },
    { from: 'paused', move: 'resume', to: 'waiting' },
    { from: 'failed', move: 'resume', to: 'waiting' },
    { from: 'waiting', move: 'resume', to: 'waiting' },
    { from: 'running', move: 'resume', to: 'running' },
    { from: 'waiting', move: 'cancel', to: 'cancelled' },
    { from: 'running', move: 'cancel', to: 'cancelled' },
    { from: 'paused', move: 'cancel', to: 'cancelled' },
    { from: 'failed', move: 'cancel', to: 'cancelled' },
    { from: 'cancelled', move: 'cancel', to: 'cancelled' },
  ];
  it.each(moves)('that is $from is $to after $move', async ({ from, move: what, to }) => {
    const { id } = await create();
    await put(id, from);
    expect(await move(id, what)).toMatchObject({ status: 200, body: { id, state: to } });
  });

  const conflicts = ['finished', 'cancelled'].flatMap((from) =>
    ['pause', 'resume'].map((what) => ({ from, move: what })),
  );
  it.each([...conflicts, { from: 'finished', move: 'cancel' }, { from: 'failed', move: 'pause' }])(
    'that is $from refuses $move',
    async ({ from, move: what }) => {
      const { id } = await create();
      await put(id, from);
      const { status, body } = await move(id, what);
      expect([status, body.code]).toEqual([409, 'replay_state_conflict']);
      expect(body.detail).toContain(from);
    },
  );

  it("is hidden where it is another tenant's, and cannot be moved", async () => {
    const { id } = await create();
    await api.database.query(`UPDATE replays SET tenant_id = 'other'`);
    expect(await api.client.get('/v1/replays')).toEqual({ replays: [], next_cursor: null });
    expect((await api.call('GET', `/v1/replays/${id}`)).status).toBe(404);
    for (const what of ['pause', 'resume', 'cancel'])
      expect((await move(id, what)).status).toBe(404);
    expect(await api.database.query('SELECT state FROM replays')).toEqual([{ state: 'waiting' }]);
  });

  it('that is not there is not found, and an id that is none is refused', async () => {
    expect((await api.call('GET', `/v1/replays/${NO_REPLAY}`)).status).toBe(404);
    expect((await move(NO_REPLAY, 'cancel')).status).toBe(404);
    expect((await api.call('GET', '/v1/replays/first')).status).toBe(400);
  });

  it('is listed, newest first, as many as asked for', async () => {
    const ids = [(await create()).id, (await create()).id, (await create()).id];
    const { replays } = (await api.call('GET', '/v1/replays?limit=2')).body;
    expect(replays).toMatchObject([{ id: ids[2] }, { id: ids[1] }]);
    for (const limit of ['0', '501', 'x']) {
      expect((await api.call('GET', `/v1/replays?limit=${limit}`)).status).toBe(400);
    }
  });
});

describe('saved predicates', () => {
  const path = '/v1/replay-predicates/{name}';
  const named = (name: string) => ({ params: { path: { name } } });
  const save = (name: string, body: View['PredicateInput']) =>
    api.client.put(path, { ...named(name), body });
  const codeOf = (refused: Promise<unknown>) =>
    refused.then(
      () => 'done',
      (error: TributaryProblem) => error.code,
    );

  it('are saved, read, listed, replaced and deleted', async () => {
    const saved = await save('won-deals', { event_type: 'deal.won' });
    expect(saved).toMatchObject({
      name: 'won-deals',
      predicate: { event_type: 'deal.won' },
      created_by: 'API token',
    });
    expect(await api.client.get(path, named('won-deals'))).toEqual(saved);
    await save('won-deals', { event_type: 'deal.won', provider: 'zoho' });
    await save('all', {});
    const { predicates } = await api.client.get('/v1/replay-predicates');
    expect(predicates).toMatchObject([
      { name: 'all', predicate: {} },
      { name: 'won-deals', predicate: { event_type: 'deal.won', provider: 'zoho' } },
    ]);
    expect(await codeOf(api.client.delete(path, named('all')))).toBe('done');
    expect(await codeOf(api.client.get(path, named('all')))).toBe('not_found');
    expect(await codeOf(api.client.delete(path, named('all')))).toBe('not_found');
  });

  it('make a replay, with the range and what else the request says', async () => {
    await save('won', { event_type: 'deal.won', provider: 'zoho' });
    const { status, body } = await post({
      predicate_name: 'won',
      predicate: { ...RANGE, provider: EVENTS[1]?.provider },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ predicate_name: 'won', matched: 1 });
    expect(body.predicate).toEqual({
      ...RANGE,
      event_type: 'deal.won',
      provider: EVENTS[1]?.provider,
    });
  });

  it("are not another tenant's", async () => {
    await save('won', { ...RANGE, event_type: 'deal.won' });
    await api.database.query(`UPDATE replay_predicates SET tenant_id = 'other'`);
    expect(await post({ predicate_name: 'won' })).toMatchObject({ status: 404 });
    expect(await api.client.get('/v1/replay-predicates')).toEqual({ predicates: [] });
  });

  it.each(['Upper', '.hidden', 'x'.repeat(65), 'a b'])('refuse the name %s', async (name) => {
    expect(await codeOf(save(name, {}))).toBe('invalid_request');
  });

  it('refuse what is no predicate', async () => {
    for (const body of [{ colour: 'red' }, { received_from: 'yesterday' }, { entity_id: 5 }]) {
      expect(await codeOf(save('odd', body as object))).toBe('invalid_request');
    }
  });
});
