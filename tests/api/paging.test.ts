// Every list, page by page. Real: see api-app.ts. Which lists there are is read from the document.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { isList, listField } from '#services/openapi/is-list.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { apiDocument } from '../../scripts/api-document.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';
import { operationsOf, parametersOf } from './operation-faults.ts';

const document = await apiDocument();
const lists = operationsOf(document).flatMap(({ path, method, operation }) => {
  const isPaged = parametersOf(operation, document).some(({ name }) => name === 'cursor');
  const field = listField(path, operation.responses['200']?.content);
  return isList(path, method, operation) && isPaged && !path.includes('{') && field
    ? [{ path, field }]
    : [];
});

/** Lists of which there is something here; in each five things, some of the same time. */
const FILLED = ['/v1/events', '/v1/webhook-requests', '/v1/replays', '/v1/canaries'];

let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  const minute = new Date(Date.now() - 60_000).toISOString();
  const times = [0, 0, 1, 2, 2].map((ms) => new Date(Date.parse(minute) + ms).toISOString());
  for (const [index, received_at] of times.entries()) {
    const event = testEvent(index, { tenant_id: TENANT, received_at });
    await api.warehouse.append(OUTBOX.name, [eventToRow(event)]);
    const request = {
      request_id: index === 4 ? 'r3' : `r${index}`,
      received_at,
      tenant_id: TENANT,
    };
    await api.warehouse.append(WEBHOOK_REQUESTS.name, [
      { ...REQUEST, ...request, occurrences: index === 4 ? 7 : 1 },
    ]);
    await api.database.query(
      `INSERT INTO canaries (event_id, tenant_id, connection_id, sent_at)
       VALUES (gen_random_uuid(), $1, $2, $3)`,
      [TENANT, `con_${index}`, received_at],
    );
    await api.database.query(
      `INSERT INTO replays (id, tenant_id, predicate, mode, max_events, matched, created_by, created_at)
       VALUES (gen_random_uuid(), $1, '{}', 'missing', 1, 1, 'x', $2)`,
      [TENANT, received_at],
    );
  }
}, 60_000);
afterAll(() => stack.disposeAsync());

const REQUEST = {
  org_id: null,
  connection_id: null,
  provider: 'hubspot',
  outcome: 'rejected',
  reason: 'signature_mismatch',
  detail: null,
  http_status: 401,
  body_bytes: 1,
  remote_address: null,
};

async function walk(path: string, field: string, limit: number): Promise<unknown[]> {
  const found: unknown[] = [];
  let cursor: unknown = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(String(cursor))}`;
    const { status, body } = await api.call('GET', `${path}?limit=${limit}${query}`);
    expect([status, Object.hasOwn(body, 'next_cursor')]).toEqual([200, true]);
    found.push(...(body[field] as unknown[]));
    cursor = body.next_cursor;
  } while (cursor !== null);
  return found;
}

describe('the lists', () => {
  it('are those that are filled here, and more', () => {
    expect(lists.map(({ path }) => path)).toEqual(expect.arrayContaining(FILLED));
  });
});

describe.each(lists)('$path', ({ path, field }) => {
  it('holds the same by pages of any size', async () => {
    const whole = await walk(path, field, 500);
    if (FILLED.includes(path)) expect(whole).toHaveLength(5);
    expect(await walk(path, field, 1)).toEqual(whole);
    expect(await walk(path, field, 2)).toEqual(whole);
  });

  it.each(['limit=0', 'limit=501', 'limit=x', 'cursor=x', 'cursor=W10'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await api.call('GET', `${path}?${query}`);
      expect([status, body.code]).toEqual([400, 'invalid_request']);
    },
  );
});
