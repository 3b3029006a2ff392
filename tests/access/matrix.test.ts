// Who sees and does what, over every route of the API. Real: see tests/api/api-app.ts; tokens are those of
// the local issuer. A route that is not placed in the table fails the first test.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { API_TOKEN, type ApiApp, openApi, TENANT } from '../api/api-app.ts';

/** Whose rows there are: each is marked by its name wherever it may be seen. */
const OWNERS = [
  { mark: 'acme-one', tenantId: 'acme', orgId: 'one' },
  { mark: 'acme-two', tenantId: 'acme', orgId: 'two' },
  { mark: 'acme-shared', tenantId: 'acme', orgId: null },
  { mark: 'rival-one', tenantId: 'rival', orgId: 'one' },
  { mark: 'rival-shared', tenantId: 'rival', orgId: null },
] as const;
type Mark = (typeof OWNERS)[number]['mark'];

interface Caller {
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly role: 'member' | 'administrator';
  readonly header?: string;
  /** Whose rows it may see, where a route is about those of a tenant. */
  readonly sees: readonly Mark[];
  /** The same, where a route is about those of an organisation; absent when it is not let in. */
  readonly seesInOrg?: readonly Mark[];
}

const ONE: readonly Mark[] = ['acme-one', 'acme-shared'];
const ALL: readonly Mark[] = ['acme-one', 'acme-two', 'acme-shared'];
const own: Caller = {
  tenantId: 'acme',
  orgId: 'one',
  role: 'administrator',
  sees: ONE,
  seesInOrg: ONE,
};
const platform = { tenantId: 'acme', orgId: null, role: 'administrator' } as const;

const CALLERS: Readonly<Record<string, Caller>> = {
  'own organisation': own,
  'member of it': { ...own, role: 'member' },
  'forged header to another organisation': { ...own, header: 'two' },
  'forged header to the platform': { ...own, header: 'platform' },
  'platform without a header': { ...platform, sees: ALL },
  'platform for an organisation': { ...platform, header: 'one', sees: ONE, seesInOrg: ONE },
  'platform for what is shared': {
    ...platform,
    header: 'platform',
    sees: ALL,
    seesInOrg: ['acme-shared'],
  },
  'another tenant, same organisation id': {
    ...own,
    tenantId: 'rival',
    sees: ['rival-one', 'rival-shared'],
    seesInOrg: ['rival-one', 'rival-shared'],
  },
  'the platform level of another tenant': {
    ...platform,
    tenantId: 'rival',
    sees: ['rival-one', 'rival-shared'],
  },
  'nobody yet': { ...own, tenantId: 'empty', sees: [], seesInOrg: [] },
};

const ID = '3f1c1e4c-6d0b-5a55-9a51-0c8d2b5a7b11';

interface Route {
  readonly scope: 'org' | 'tenant' | 'platform' | 'installation';
  readonly manages?: true;
  readonly body?: object;
  /** Makes its URL about one row of an owner; without it the route is a list, or about none. */
  readonly one?: (mark: Mark) => string;
  /** What all organisations share is not shown to them. */
  readonly ownAlone?: true;
  /** What the answer is when it is let in and its row is there. Default 200. */
  readonly status?: number;
}

const fromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const RANGE = { received_from: fromNow(-60), received_to: fromNow(60) };
const order = { predicate: RANGE, dry_run: true };

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/api-keys': { scope: 'org', manages: true },
  'POST /v1/api-keys': { scope: 'org', manages: true, body: { name: 'x' }, status: 201 },
  'DELETE /v1/api-keys/:id': {
    scope: 'org',
    manages: true,
    ownAlone: true,
    one: (mark) => `/v1/api-keys/key_${mark}`,
  },
  'GET /v1/audit': { scope: 'platform' },
  'GET /v1/audit-log': { scope: 'tenant', manages: true },
  'GET /v1/canaries': { scope: 'platform' },
  'GET /v1/connections': { scope: 'org' },
  'POST /v1/connections': { scope: 'org', manages: true, body: {}, status: 400 },
  'PATCH /v1/connections/:id': {
    scope: 'org',
    manages: true,
    body: { status: 'active' },
    one: (mark) => `/v1/connections/con_${mark}`,
  },
  'GET /v1/connections/:id': {
    scope: 'org',
    one: (mark) => `/v1/connections/con_${mark}`,
  },
  'DELETE /v1/connections/:id': {
    scope: 'org',
    manages: true,
    one: (mark) => `/v1/connections/con_${mark}`,
  },
  'POST /v1/connections/:id/disconnect': {
    scope: 'org',
    manages: true,
    one: (mark) => `/v1/connections/con_${mark}/disconnect`,
  },
  'POST /v1/connections/:id/reconnect': {
    scope: 'org',
    manages: true,
    one: (mark) => `/v1/connections/con_${mark}/reconnect`,
  },
  'PUT /v1/connections/:id/credential': {
    scope: 'org',
    manages: true,
    body: { kind: 'api_key' },
    status: 400,
    one: (mark) => `/v1/connections/con_${mark}/credential`,
  },
  'GET /v1/connections/:id/registrations': {
    scope: 'org',
    one: (mark) => `/v1/connections/con_${mark}/registrations`,
  },
  'POST /v1/connections/:id/registrations/sync': {
    scope: 'org',
    manages: true,
    one: (mark) => `/v1/connections/con_${mark}/registrations/sync`,
  },
  'GET /v1/connections/:id/secret': {
    scope: 'org',
    one: (mark) => `/v1/connections/con_${mark}/secret`,
  },
  'POST /v1/connections/:id/secret/rotate': {
    scope: 'org',
    manages: true,
    body: { secret: 'another-signing-secret' },
    one: (mark) => `/v1/connections/con_${mark}/secret/rotate`,
  },
  'POST /v1/connections/:id/secret/retire': {
    scope: 'org',
    manages: true,
    body: { version: 1 },
    one: (mark) => `/v1/connections/con_${mark}/secret/retire`,
  },
  'GET /v1/connections/:id/health': {
    scope: 'org',
    one: (mark) => `/v1/connections/con_${mark}/health`,
  },
  'PATCH /v1/connections/:id/health': {
    scope: 'org',
    manages: true,
    body: { interval_seconds: 600 },
    one: (mark) => `/v1/connections/con_${mark}/health`,
  },
  'POST /v1/connections/:id/health/check': {
    scope: 'org',
    manages: true,
    one: (mark) => `/v1/connections/con_${mark}/health/check`,
  },
  'GET /v1/connections/:id/logs': {
    scope: 'org',
    one: (mark) => `/v1/connections/con_${mark}/logs`,
  },
  'GET /v1/health': { scope: 'org' },
  'POST /v1/health/check': { scope: 'org', manages: true },
  'GET /v1/consumers': { scope: 'installation' },
  'POST /v1/consumers/:name/resume': { scope: 'installation', manages: true, status: 404 },
  'GET /v1/dead-letters': { scope: 'platform' },
  'GET /v1/dead-letters/:id': { scope: 'platform', status: 404 },
  'POST /v1/dead-letters/:id/retry': { scope: 'platform', manages: true, status: 404 },
  'POST /v1/dead-letters/:id/drop': {
    scope: 'platform',
    manages: true,
    body: { reason: 'x' },
    status: 404,
  },
  'POST /v1/dead-letters/retry': { scope: 'platform', manages: true, body: { filter: {} } },
  'POST /v1/dead-letters/drop': {
    scope: 'platform',
    manages: true,
    body: { filter: {}, reason: 'x' },
  },
  'GET /v1/events': { scope: 'tenant' },
  'GET /v1/events/:event_id': { scope: 'tenant', one: (mark) => `/v1/events/${eventOf(mark)}` },
  'GET /v1/events/stream': { scope: 'tenant' },
  'GET /v1/providers': { scope: 'tenant' },
  'GET /v1/providers/:provider': { scope: 'tenant' },
  'GET /v1/oauth/clients': { scope: 'platform' },
  'PUT /v1/oauth/clients/:provider': {
    scope: 'platform',
    manages: true,
    body: { client_id: 'x', client_secret: 'a-secret-of-the-app' },
  },
  // What the PUT before it has made.
  'DELETE /v1/oauth/clients/:provider': { scope: 'platform', manages: true, status: 204 },
  'GET /v1/oauth/providers': { scope: 'tenant' },
  // Asked with a token: consent needs a browser's session.
  'POST /v1/oauth/authorizations': {
    scope: 'org',
    manages: true,
    body: {
      provider: 'salesforce',
      name: 'x',
      settings: { organization_id: '00D5g000004ABCDEA4' },
    },
    status: 401,
  },
  'GET /v1/readiness/:provider': { scope: 'org' },
  'POST /v1/reconcile': { scope: 'installation', manages: true, body: { dry_run: true } },
  'GET /v1/reconcile': { scope: 'installation' },
  'POST /v1/reconcile/resume': { scope: 'installation', manages: true },
  'POST /v1/replays': { scope: 'tenant', manages: true, body: order },
  'GET /v1/replays': { scope: 'tenant' },
  'GET /v1/replays/:id': { scope: 'tenant', status: 404 },
  'POST /v1/replays/:id/pause': { scope: 'tenant', manages: true, status: 404 },
  'POST /v1/replays/:id/resume': { scope: 'tenant', manages: true, status: 404 },
  'POST /v1/replays/:id/cancel': { scope: 'tenant', manages: true, status: 404 },
  'GET /v1/replay-predicates': { scope: 'platform' },
  'GET /v1/replay-predicates/:name': { scope: 'platform', status: 404 },
  'PUT /v1/replay-predicates/:name': {
    scope: 'platform',
    manages: true,
    body: RANGE,
  },
  // What the PUT before it has made.
  'DELETE /v1/replay-predicates/:name': { scope: 'platform', manages: true, status: 204 },
  // Of a browser, and these callers send tokens.
  'GET /v1/session': { scope: 'tenant', status: 401 },
  'POST /v1/session': { scope: 'tenant', status: 201 },
  'DELETE /v1/session': { scope: 'tenant', status: 401 },
  'GET /v1/webhook-requests': { scope: 'tenant' },
};

const eventOf = (mark: Mark) =>
  testEvent(OWNERS.findIndex((one) => one.mark === mark) + 1).event_id;

let stack: AsyncDisposableStack;
let api: ApiApp;
const tokens = new Map<string, string>();

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  await seedConnections();
  for (const [index, { mark, tenantId, orgId }] of OWNERS.entries()) {
    await api.database.query(
      `INSERT INTO api_keys (id, tenant_id, org_id, name, prefix, hash, role, created_by)
       VALUES ($1, $2, $3, $4, 'tk_', $4, 'member', 'a test')`,
      [`key_${mark}`, tenantId, orgId, mark],
    );
    const event = testEvent(index + 1, {
      tenant_id: tenantId,
      org_id: orgId,
      payload: { mark },
      received_at: new Date(Date.now() - 60_000 + index).toISOString(),
    });
    await api.warehouse.append(OUTBOX.name, [eventToRow(event)]);
    await api.warehouse.append(WEBHOOK_REQUESTS.name, [requestOf(mark, tenantId, orgId)]);
  }
  for (const [name, { tenantId, orgId, role }] of Object.entries(CALLERS)) {
    const bearer = { subject: name.replaceAll(' ', '-'), tenantId, orgId, role };
    tokens.set(name, await api.issuer.issue(bearer, 3_600));
  }
}, 60_000);
afterAll(() => stack.disposeAsync());

let seeded = 0;
/** Every owner's connection is there, whatever a route before has done to it. */
async function seedConnections({ withSecrets = false } = {}) {
  seeded += 1;
  await api.database.query('DELETE FROM connections');
  const connections = new ConnectionStore(api.database);
  for (const { mark, tenantId, orgId } of OWNERS) {
    const connection = { tenantId, orgId, provider: 'hubspot', name: mark, settings: {} };
    const ref = `ref/${mark}/${seeded}`;
    if (withSecrets) await api.secrets.create(ref, 'a-signing-secret');
    await connections.insert(connection, `con_${mark}`, ref);
  }
}

function requestOf(mark: string, tenant_id: string, org_id: string | null) {
  return {
    request_id: mark,
    received_at: new Date().toISOString(),
    tenant_id,
    org_id,
    connection_id: `con_${mark}`,
    provider: 'hubspot',
    outcome: 'rejected',
    reason: 'signature_mismatch',
    detail: mark,
    http_status: 401,
    body_bytes: 1,
    remote_address: null,
    occurrences: 1,
  };
}

const marksIn = (text: string) =>
  OWNERS.map(({ mark }) => mark).filter((mark) => text.includes(mark));

/** What must come of it, before any row is looked for: undefined when the caller is let in. */
function refusal({ scope, manages }: Route, caller: Caller): number | undefined {
  if (manages && caller.role === 'member') return 403;
  if (scope === 'installation' && caller.tenantId !== TENANT) return 403;
  if ((scope === 'platform' || scope === 'installation') && caller.orgId !== null) return 403;
  if (scope === 'org' && !caller.seesInOrg) return 400;
  return undefined;
}

async function call(name: string, caller: Caller, callerName: string, url: string, body?: object) {
  const headers = {
    authorization: `Bearer ${tokens.get(callerName)}`,
    ...(caller.header !== undefined && { 'x-org-id': caller.header }),
  };
  const method = name.split(' ')[0] as 'GET';
  const payload = body === undefined ? {} : { payload: body };
  return api.server.inject({ method, url, headers, ...payload });
}

/** Streams do not end: those are tested on their own, here only that they are refused. */
const endless = (name: string) => name === 'GET /v1/events/stream';

describe('the table', () => {
  it('has every route', () => {
    const names = api.routes
      .filter(({ url, method }) => url.startsWith('/v1/') && String(method) !== 'HEAD')
      .map(({ url, method }) => `${method} ${url}`);
    expect(Object.keys(ROUTES).sort()).toEqual(names.sort());
  });

  it('says of every route what the route says of itself', () => {
    for (const { url, method, config } of api.routes) {
      const route = ROUTES[`${method} ${url}`];
      if (!route) continue;
      const by = route.manages ? 'manager' : 'member';
      expect([url, config?.access]).toEqual([url, { by, scope: route.scope }]);
    }
  });
});

const callers = Object.entries(CALLERS).map(([name, caller]) => ({ name, caller }));

describe.each(callers)('$name', ({ name: callerName, caller }) => {
  it.each(Object.entries(ROUTES))('%s', async (name, route) => {
    const refused = refusal(route, caller);
    if (endless(name) && refused === undefined) return;
    // What a route before has changed or removed.
    const withSecrets = name.includes('/secret');
    if (route.one && refused === undefined && (route.manages || withSecrets)) {
      await seedConnections({ withSecrets });
    }
    const url = (name.split(' ')[1] ?? '')
      .replace(':id', ID)
      .replace(':event_id', ID)
      .replace(':provider', 'hubspot')
      .replace(':name', 'none');
    const sees = (route.scope === 'org' ? caller.seesInOrg : caller.sees) ?? [];
    if (!route.one || refused !== undefined) {
      const answer = await call(name, caller, callerName, url, route.body);
      expect(answer.statusCode, answer.payload).toBe(refused ?? route.status ?? 200);
      const allowed = refused === undefined ? sees : [];
      expect(marksIn(answer.payload).filter((mark) => !allowed.includes(mark))).toEqual([]);
      return;
    }
    for (const { mark, tenantId, orgId } of OWNERS) {
      const answer = await call(name, caller, callerName, route.one(mark), route.body);
      const actsFor =
        caller.orgId ?? (caller.header === 'platform' ? null : (caller.header ?? null));
      const isOwn = tenantId === caller.tenantId && orgId === actsFor;
      const mayChange = !route.manages || isOwn;
      const isHidden = !sees.includes(mark) || (route.ownAlone === true && !isOwn);
      const expected = isHidden ? 404 : mayChange ? (route.status ?? 200) : 403;
      expect([mark, answer.statusCode]).toEqual([mark, expected]);
      const told = marksIn(answer.payload);
      // A refusal may name the row that was asked for, and no other.
      expect(told.filter((one) => one !== mark)).toEqual([]);
    }
  });

  it('sees in lists exactly what it may', async () => {
    await seedConnections();
    for (const name of ['GET /v1/events', 'GET /v1/webhook-requests', 'GET /v1/connections']) {
      const route = ROUTES[name] as Route;
      if (refusal(route, caller) !== undefined) continue;
      const answer = await call(name, caller, callerName, name.split(' ')[1] ?? '');
      const sees = (route.scope === 'org' ? caller.seesInOrg : caller.sees) ?? [];
      expect([name, marksIn(answer.payload).toSorted()]).toEqual([name, [...sees].toSorted()]);
    }
  });

  it('cannot replay what it may not see', async () => {
    const answer = await call('POST', caller, callerName, '/v1/replays', order);
    if (caller.role === 'member') return;
    const seen =
      caller.orgId === null && caller.header !== 'one' ? caller.sees : caller.sees.slice(0, 1);
    expect(answer.json()).toMatchObject({ events: seen.length });
  });
});

describe('requests of nobody that is known', () => {
  it('are shown to who runs the installation alone', async () => {
    await api.warehouse.append(WEBHOOK_REQUESTS.name, [
      { ...requestOf('acme-shared', 'acme', null), tenant_id: null, detail: 'of-nobody' },
    ]);
    const shown: string[] = [];
    for (const { name, caller } of callers) {
      const answer = await call('GET', caller, name, '/v1/webhook-requests');
      if (answer.payload.includes('of-nobody')) shown.push(name);
    }
    expect(shown).toEqual(['platform without a header', 'platform for what is shared']);
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    const answer = await api.server.inject({ url: '/v1/webhook-requests', headers });
    expect(answer.payload).toContain('of-nobody');
  });
});
