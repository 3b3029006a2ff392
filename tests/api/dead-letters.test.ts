// Dead letters and consumers over HTTP; see api-app.ts. Real: routes, Postgres, the in-process bus.
// Asserted: filters, pages, whose they are, bad input, and what each answer shows.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { registerConsumer, stopConsumer } from '#services/consumers/line.ts';
import { readMessage } from '#services/consumers/received.ts';
import { countFailure } from '#services/dead-letters/count-failure.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;

interface Page {
  readonly dead_letters: readonly { id: string; entity_id: string; state: string }[];
  readonly next_cursor: string | null;
}

/** A dead letter that is given up; `index` makes its event. */
async function giveUp(
  index: number,
  overrides: Partial<CanonicalEvent> = {},
  { consumer = 'billing', reason = 'TypeError' } = {},
): Promise<CanonicalEvent> {
  const event = testEvent(index, { tenant_id: TENANT, ...overrides });
  const { data, attributes, orderingKey } = new EventMessage(event);
  await countFailure(api.database, {
    consumer,
    topic: EVENTS_TOPIC,
    received: readMessage({ data, attributes, orderingKey }),
    tenantId: TENANT,
    reason,
    giveUp: true,
    maxAttempts: 10,
  });
  return event;
}

const list = async (query = '') =>
  (await api.call('GET', `/v1/dead-letters${query}`)).body as unknown as Page;
const entities = ({ dead_letters }: Page) => dead_letters.map(({ entity_id }) => entity_id);

let others: CanonicalEvent;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  for (let index = 1; index <= 5; index += 1) await giveUp(index);
  await giveUp(6, { event_type: 'deal.won' }, { reason: 'RangeError E_1' });
  await giveUp(7, { connection_id: 'con_2' }, { consumer: 'mailer' });
  await giveUp(8, { entity_type: 'contact' });
  others = await giveUp(9, { tenant_id: 'globex' });
});
afterAll(() => stack.disposeAsync());

describe('GET /v1/dead-letters', () => {
  it('lists the tenant’s own, latest first', async () => {
    const page = await list();
    expect(entities(page)).toEqual(['8', '7', '6', '5', '4', '3', '2', '1']);
    expect(page.next_cursor).toBeNull();
    expect(page.dead_letters[0]).toEqual({
      id: expect.any(String),
      consumer: 'billing',
      state: 'open',
      reason: 'TypeError',
      attempts: 1,
      event_id: testEvent(8).event_id,
      event_type: 'deal.updated',
      connection_id: 'con_1',
      entity_type: 'contact',
      entity_id: '8',
      received_at: testEvent(8).received_at,
      replay_id: null,
      message_bytes: expect.any(Number),
      first_failed_at: expect.any(String),
      last_failed_at: expect.any(String),
      retried_at: null,
      retried_by: null,
      dropped_at: null,
      dropped_by: null,
      dropped_reason: null,
    });
  });

  const filters: readonly { query: string; finds: readonly string[] }[] = [
    { query: '?consumer=mailer', finds: ['7'] },
    { query: '?event_type=deal.won', finds: ['6'] },
    { query: '?reason=RangeError%20E_1', finds: ['6'] },
    { query: '?connection_id=con_2', finds: ['7'] },
    { query: '?entity_type=contact', finds: ['8'] },
    { query: '?entity_id=3', finds: ['3'] },
    { query: '?state=open&entity_id=3&consumer=billing', finds: ['3'] },
    { query: '?state=dropped', finds: [] },
    { query: "?consumer=billing'%20OR%20true--", finds: [] },
  ];
  it.each(filters)('$query', async ({ query, finds }) => {
    expect(entities(await list(query))).toEqual(finds);
  });

  it('goes through pages without repeating or skipping, although more are made', async () => {
    const first = await list('?limit=3&consumer=billing');
    await giveUp(20);
    const second = await list(`?limit=3&consumer=billing&cursor=${first.next_cursor}`);
    const third = await list(`?limit=3&consumer=billing&cursor=${second.next_cursor}`);
    expect([first, second, third].flatMap(entities)).toEqual(['8', '6', '5', '4', '3', '2', '1']);
    expect(third.next_cursor).toBeNull();
  });

  const bad = [
    '?cursor=abc',
    `?cursor=${Buffer.from('["1","2"]').toString('base64url')}`,
    `?cursor=${Buffer.from('["-1"]').toString('base64url')}`,
    '?limit=0',
    '?limit=501',
    '?state=lost',
    '?consumer=',
    `?consumer=${'x'.repeat(257)}`,
    '?consumer=%00',
    '?tenant_id=globex',
  ];
  it.each(bad)('refuses %s', async (query) => {
    const answer = await api.call('GET', `/v1/dead-letters${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('GET /v1/dead-letters/{id}', () => {
  it('shows the event, the message and the attempts', async () => {
    const [letter] = (await list('?entity_id=1')).dead_letters;
    const { status, body } = await api.call('GET', `/v1/dead-letters/${letter?.id}`);
    expect(status).toBe(200);
    const event = testEvent(1, { tenant_id: TENANT });
    expect(body).toMatchObject({
      id: letter?.id,
      event,
      history: [{ at: expect.stringMatching(/Z$/), reason: 'TypeError' }],
      message: {
        data: JSON.stringify(event),
        attributes: { event_id: event.event_id, tenant_id: TENANT },
        ordering_key: 'con_1/deal/1',
        topic: EVENTS_TOPIC,
      },
    });
  });

  it('shows a message that holds no event', async () => {
    await countFailure(api.database, {
      consumer: 'reader',
      topic: EVENTS_TOPIC,
      received: readMessage({ data: '\0{', attributes: {}, orderingKey: '' }),
      tenantId: TENANT,
      reason: 'GiveUp not_json',
      giveUp: true,
      maxAttempts: 10,
    });
    const [letter] = (await list('?consumer=reader')).dead_letters;
    const { body } = await api.call('GET', `/v1/dead-letters/${letter?.id}`);
    expect(body).toMatchObject({ event: null, event_id: null, message: { data: '\0{' } });
  });
});

describe('what is not there, or another tenant’s', () => {
  const foreign = async () => {
    const [row] = await api.database.query<{ id: string }>(
      'SELECT id FROM dead_letters WHERE event_id = $1',
      [others.event_id],
    );
    return row?.id ?? '';
  };
  const ids = [
    { name: 'no such id', id: async () => randomUUID() },
    { name: 'no id', id: async () => 'nothing' },
    { name: 'another tenant’s', id: foreign },
  ];
  it.each(ids)('$name is not found', async ({ id }) => {
    const path = `/v1/dead-letters/${await id()}`;
    const answers = [
      await api.call('GET', path),
      await api.call('POST', `${path}/retry`),
      await api.call('POST', `${path}/drop`, { reason: 'a test' }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const [row] = await api.database.query('SELECT state FROM dead_letters WHERE event_id = $1', [
      others.event_id,
    ]);
    expect(row).toEqual({ state: 'open' });
  });
});

describe('dropping and retrying', () => {
  it('keeps who dropped what, when and why; a retry takes it back', async () => {
    const [letter] = (await list('?entity_id=2')).dead_letters;
    const path = `/v1/dead-letters/${letter?.id}`;
    const body = { reason: '  a test order ', by: 'ann' };
    expect(await api.call('POST', `${path}/drop`, body)).toMatchObject({
      status: 200,
      body: {
        state: 'dropped',
        dropped_reason: 'a test order',
        dropped_by: 'ann (API token)',
        dropped_at: expect.any(String),
      },
    });
    expect(await api.call('POST', `${path}/retry`)).toMatchObject({
      status: 200,
      body: { state: 'retried', retried_by: 'API token', dropped_reason: null },
    });
  });

  it('does the same for all that a filter names, and for nobody else', async () => {
    const filter = { consumer: 'billing', reason: 'TypeError' };
    expect(
      await api.call('POST', '/v1/dead-letters/drop', { filter, reason: 'tests' }),
    ).toMatchObject({ status: 200, body: { dropped: 6, next_cursor: null } });
    expect(await api.call('POST', '/v1/dead-letters/retry', { filter })).toMatchObject({
      body: { retried: 0 },
    });
    const dropped = { ...filter, state: 'dropped', event_type: 'deal.updated' };
    expect(await api.call('POST', '/v1/dead-letters/retry', { filter: dropped })).toMatchObject({
      body: { retried: 6, next_cursor: null },
    });
    expect(await api.call('POST', '/v1/dead-letters/retry', { filter: {} })).toMatchObject({
      body: { retried: 3 },
    });
    const left = await api.database.query(
      `SELECT tenant_id FROM dead_letters WHERE state = 'open'`,
    );
    expect(left).toEqual([{ tenant_id: 'globex' }]);
  });

  const bad: readonly { name: string; path: string; body: object }[] = [
    { name: 'no reason', path: 'x/drop', body: {} },
    { name: 'an empty reason', path: 'x/drop', body: { reason: '  ' } },
    { name: 'a reason without end', path: 'x/drop', body: { reason: 'x'.repeat(1_001) } },
    { name: 'a reason that cannot be stored', path: 'x/drop', body: { reason: 'a\0' } },
    { name: 'all without a filter', path: 'drop', body: { reason: 'x' } },
    { name: 'all without a reason', path: 'drop', body: { filter: {} } },
    { name: 'a filter there is not', path: 'retry', body: { filter: { tenant_id: 'x' } } },
    { name: 'no filter', path: 'retry', body: {} },
    { name: 'a broken cursor', path: 'retry', body: { filter: {}, cursor: 'x' } },
    { name: 'something else besides', path: 'x/retry', body: { all: true } },
  ];
  it.each(bad)('refuses $name', async ({ path, body }) => {
    const answer = await api.call('POST', `/v1/dead-letters/${path}`, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('/v1/consumers', () => {
  it('shows whether each goes on and what waits, and lets one go on', async () => {
    await api.bus.createSubscription(EVENTS_TOPIC, 'mailer');
    await registerConsumer(api.database, { name: 'mailer', topic: EVENTS_TOPIC });
    await registerConsumer(api.database, { name: 'elsewhere', topic: EVENTS_TOPIC });
    await api.bus.publish(EVENTS_TOPIC, [new EventMessage(testEvent(1))]);
    const at = { receivedAt: testEvent(1).received_at, reason: 'StopTheLine books' };
    const eventId = testEvent(1).event_id;
    await stopConsumer(api.database, 'mailer', { ...at, eventId, tenantId: TENANT });
    await stopConsumer(api.database, 'elsewhere', { ...at, eventId, tenantId: 'globex' });
    await giveUp(30, {}, { consumer: 'mailer' });
    const { body } = await api.call('GET', '/v1/consumers');
    expect(body.consumers).toMatchObject([
      { name: 'elsewhere', state: 'stopped', stopped_event_id: null, backlog_messages: null },
      {
        name: 'mailer',
        topic: EVENTS_TOPIC,
        state: 'stopped',
        stopped_reason: 'StopTheLine books',
        stopped_event_id: eventId,
        open_dead_letters: 1,
        retrying: 0,
        oldest_retrying_seconds: null,
        backlog_messages: 1,
      },
    ]);
    for (let twice = 0; twice < 2; twice += 1)
      expect(await api.call('POST', '/v1/consumers/mailer/resume')).toMatchObject({
        status: 200,
        body: { name: 'mailer', state: 'running', stopped_reason: null, stopped_at: null },
      });
  });

  it.each(['nobody', '%00'])('does not resume %s', async (name) => {
    const { status } = await api.call('POST', `/v1/consumers/${name}/resume`);
    expect(status).toBe(name === 'nobody' ? 404 : 400);
  });
});
