// Every way a webhook is refused: what the sender is told, what the request log says, and that
// nothing is stored or published. See intake-app.ts for what is real.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BODY_LIMIT_BYTES, connection, type IntakeApp, startIntake } from './intake-app.ts';
import {
  type Answer,
  notification,
  type Sent,
  SHOP_DEFINITION,
  send,
  signedByHubspot,
  signedByShop,
} from './webhook-client.ts';

const SECRETS = {
  'secret/con_hubspot': 'the-hubspot-client-secret',
  'secret/con_off': 'the-secret-of-a-disabled-one',
  'secret/con_shop': 'the-signing-key-of-the-shop',
};
const CONNECTIONS = [
  connection('con_hubspot'),
  connection('con_off', { status: 'inactive' }),
  connection('con_shop', { provider: 'custom', settings: { definition: SHOP_DEFINITION } }),
  connection('con_no_secret'),
];
/** Stands in every body, and may stand nowhere else. */
const MARK = 'Zoë-the-customer';

let stack: AsyncDisposableStack;
let intake: IntakeApp;
let sequence = 0;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  intake = await startIntake(stack, { connections: CONNECTIONS, secrets: SECRETS });
});
afterAll(() => stack.disposeAsync());

const hubspotBody = () => {
  sequence += 1;
  return JSON.stringify([notification(sequence, { propertyValue: MARK })]);
};
const shopBody = () => {
  sequence += 1;
  const change = { kind: 'ORDER', changeId: `c-${sequence}`, order: { id: 'o-1', by: MARK } };
  return JSON.stringify({ changes: [change] });
};

const hubspot = (overrides: Partial<Parameters<typeof signedByHubspot>[0]> = {}) =>
  signedByHubspot({
    secret: SECRETS['secret/con_hubspot'],
    connectionId: 'con_hubspot',
    body: hubspotBody(),
    ...overrides,
  });
const shop = (overrides: Partial<Parameters<typeof signedByShop>[0]> = {}) =>
  signedByShop({
    secret: SECRETS['secret/con_shop'],
    connectionId: 'con_shop',
    body: shopBody(),
    ...overrides,
  });

/** The request with other headers; undefined takes one away. */
function withHeaders(sent: Sent, changes: Record<string, string | string[] | undefined>): Sent {
  const headers = Object.entries({ ...sent.headers, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { ...sent, headers: Object.fromEntries(headers) };
}

const twice = (sent: Sent, name: string): Sent => {
  const value = String(sent.headers[name]);
  return withHeaders(sent, { [name]: [value, value] });
};
const V3 = 'x-hubspot-signature-v3';
const TIMESTAMP = 'x-hubspot-request-timestamp';
const OLDER = { 'x-hubspot-signature': undefined, 'x-hubspot-signature-version': undefined };
const unsigned = (sent: Sent) =>
  withHeaders(sent, {
    ...OLDER,
    [V3]: undefined,
    [TIMESTAMP]: undefined,
    'shop-signature': undefined,
  });

interface Refusal {
  readonly name: string;
  readonly sent: () => Sent;
  readonly status: number;
  readonly code: string;
  /** In the request log; the code when it is not given. */
  readonly reason?: string;
  /** The connection named in the request log. Default con_hubspot. */
  readonly logged?: string | null;
  /** The provider named in the request log. Default hubspot. */
  readonly provider?: string;
  readonly retryAfter?: string;
}

const NOT_VERIFIED = { status: 401, code: 'webhook_not_verified' } as const;
const SHOP = { logged: 'con_shop', provider: 'custom' } as const;
const INVALID_JSON = { status: 400, code: 'invalid_json' } as const;
const INVALID_BODY = { status: 422, code: 'invalid_body' } as const;

const refusals: readonly Refusal[] = [
  {
    name: 'unknown connection',
    sent: () => hubspot({ connectionId: 'con_nobody' }),
    ...NOT_VERIFIED,
    reason: 'unknown_connection',
    logged: null,
  },
  {
    name: 'connection of another provider',
    sent: () => hubspot({ provider: 'custom' }),
    ...NOT_VERIFIED,
    reason: 'wrong_provider',
    logged: null,
    provider: 'custom',
  },
  {
    name: 'unknown provider',
    sent: () => hubspot({ provider: 'nothing' }),
    ...NOT_VERIFIED,
    reason: 'wrong_provider',
    logged: null,
    provider: 'unknown',
  },
  {
    name: 'disabled connection',
    sent: () => hubspot({ connectionId: 'con_off', secret: SECRETS['secret/con_off'] }),
    status: 403,
    code: 'connection_disabled',
    logged: 'con_off',
  },
  {
    name: 'disabled connection, wrong signature',
    sent: () => hubspot({ connectionId: 'con_off' }),
    ...NOT_VERIFIED,
    reason: 'signature_mismatch',
    logged: 'con_off',
  },
  {
    name: 'no signature',
    sent: () => unsigned(hubspot()),
    ...NOT_VERIFIED,
    reason: 'signature_missing',
  },
  {
    name: 'signature by another secret',
    sent: () => hubspot({ secret: 'another-secret' }),
    ...NOT_VERIFIED,
    reason: 'signature_mismatch',
  },
  {
    name: 'body other than signed',
    sent: () => ({ ...hubspot(), body: Buffer.from(hubspotBody()) }),
    ...NOT_VERIFIED,
    reason: 'signature_mismatch',
  },
  {
    name: 'query other than signed',
    sent: () => ({ ...hubspot(), path: '/webhooks/hubspot/con_hubspot?a=1' }),
    ...NOT_VERIFIED,
    reason: 'signature_mismatch',
  },
  {
    name: 'signature of an older scheme alone',
    sent: () => withHeaders(hubspot(), { [V3]: undefined, [TIMESTAMP]: undefined }),
    ...NOT_VERIFIED,
    reason: 'scheme_not_allowed',
  },
  {
    name: 'signature that is none',
    sent: () => withHeaders(hubspot(), { [V3]: 'hello' }),
    ...NOT_VERIFIED,
    reason: 'signature_malformed',
  },
  {
    name: 'signature sent twice',
    sent: () => twice(hubspot(), V3),
    ...NOT_VERIFIED,
    reason: 'signature_malformed',
  },
  {
    name: 'stale signature',
    sent: () => hubspot({ ageMs: 301_000 }),
    ...NOT_VERIFIED,
    reason: 'timestamp_stale',
  },
  {
    name: 'signature of the future',
    sent: () => hubspot({ ageMs: -90_000 }),
    ...NOT_VERIFIED,
    reason: 'timestamp_in_future',
  },
  {
    name: 'no timestamp',
    sent: () => withHeaders(hubspot(), { [TIMESTAMP]: undefined }),
    ...NOT_VERIFIED,
    reason: 'timestamp_missing',
  },
  {
    name: 'timestamp that is none',
    sent: () => withHeaders(hubspot(), { [TIMESTAMP]: 'yesterday' }),
    ...NOT_VERIFIED,
    reason: 'timestamp_malformed',
  },
  {
    name: 'custom: no signature',
    sent: () => unsigned(shop()),
    ...NOT_VERIFIED,
    reason: 'signature_missing',
    ...SHOP,
  },
  {
    name: 'custom: signature by another secret',
    sent: () => shop({ secret: 'another-secret' }),
    ...NOT_VERIFIED,
    reason: 'signature_mismatch',
    ...SHOP,
  },
  {
    name: 'custom: signature sent twice',
    sent: () => twice(shop(), 'shop-signature'),
    ...NOT_VERIFIED,
    reason: 'timestamp_missing',
    ...SHOP,
  },
  {
    name: 'custom: stale signature',
    sent: () => shop({ ageMs: 302_000 }),
    ...NOT_VERIFIED,
    reason: 'timestamp_stale',
    ...SHOP,
  },
  {
    name: 'custom: signature of the future',
    sent: () => shop({ ageMs: -3_600_000 }),
    ...NOT_VERIFIED,
    reason: 'timestamp_in_future',
    ...SHOP,
  },
  { name: 'no body', sent: () => hubspot({ body: '' }), ...INVALID_JSON },
  { name: 'broken JSON', sent: () => hubspot({ body: `[{"a":"${MARK}"` }), ...INVALID_JSON },
  {
    name: 'bytes that are not UTF-8',
    sent: () =>
      hubspot({ body: Buffer.concat([Buffer.from(`["${MARK}`), Buffer.from([0xff, 0x22, 0x5d])]) }),
    ...INVALID_JSON,
  },
  {
    name: 'JSON nested without end',
    sent: () => hubspot({ body: `${'['.repeat(30_000)}0.5${']'.repeat(30_000)}` }),
    ...INVALID_JSON,
  },
  { name: 'no list', sent: () => hubspot({ body: `{"a":"${MARK}"}` }), ...INVALID_BODY },
  {
    name: 'more items than HubSpot sends',
    sent: () => hubspot({ body: JSON.stringify(Array(101).fill(MARK)) }),
    ...INVALID_BODY,
  },
  {
    name: 'custom: broken JSON',
    sent: () => shop({ body: `{"a":"${MARK}` }),
    ...INVALID_JSON,
    ...SHOP,
  },
  {
    name: 'custom: no list at the batch pointer',
    sent: () => shop({ body: `{"changes":"${MARK}"}` }),
    ...INVALID_BODY,
    ...SHOP,
  },
  {
    name: 'body over the limit',
    sent: () => hubspot({ body: MARK.repeat(BODY_LIMIT_BYTES / MARK.length) }),
    status: 413,
    code: 'body_too_large',
    logged: null,
  },
  {
    name: 'body over the limit, of no told length',
    sent: () => ({
      ...hubspot({ body: MARK.repeat(BODY_LIMIT_BYTES / MARK.length) }),
      chunked: true,
    }),
    status: 413,
    code: 'body_too_large',
    logged: null,
  },
  {
    name: 'compressed body',
    sent: () => withHeaders(hubspot(), { 'content-encoding': 'gzip' }),
    status: 415,
    code: 'encoding_not_supported',
    logged: null,
  },
  {
    name: 'secret store away',
    sent: () => hubspot({ connectionId: 'con_no_secret' }),
    status: 503,
    code: 'verification_unavailable',
    logged: 'con_no_secret',
    retryAfter: '5',
  },
];

async function refusedRows(action: () => Promise<Answer>) {
  const before = new Set((await intake.requestLog()).map((row) => row.request_id));
  const answer = await action();
  const rows = (await intake.requestLog()).filter((row) => !before.has(row.request_id));
  return { answer, rows };
}

/** What leaks from a refusal: the answer, the row and the server's own log hold nothing of these. */
function expectNothingLeaks(answer: Answer, rows: readonly object[]): void {
  const told = [answer.text, ...answer.headers, JSON.stringify(rows), ...intake.logLines].join(
    '\n',
  );
  for (const secret of [...Object.values(SECRETS), MARK]) expect(told).not.toContain(secret);
}

describe('a refused webhook', () => {
  it.each(refusals)('$name → $status $code', async (refusal) => {
    const { logged = 'con_hubspot', provider = 'hubspot', code, status } = refusal;
    intake.outboxAppends.length = 0;
    const sent = refusal.sent();
    const { answer, rows } = await refusedRows(() => send(intake.port, sent));

    expect(answer).toMatchObject({ status, retryAfter: refusal.retryAfter });
    expect(answer.contentType).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({ status, code, type: expect.stringContaining(code) });
    expect(rows).toEqual([
      expect.objectContaining({
        outcome: 'rejected',
        reason: refusal.reason ?? code,
        http_status: status,
        provider,
        connection_id: logged,
        tenant_id: logged === null ? null : 'acme',
        body_bytes: sent.chunked ? 0 : sent.body.length,
        remote_address: '127.0.0.1',
        occurrences: 1,
      }),
    ]);
    expect([intake.outboxAppends, intake.bus.published]).toEqual([[], []]);
    expectNothingLeaks(answer, rows);
  });

  it('is told the same, byte by byte, whether the connection exists or not', async () => {
    const names = [
      'unknown connection',
      'connection of another provider',
      'unknown provider',
      'no signature',
      'signature by another secret',
      'disabled connection, wrong signature',
      'stale signature',
      'custom: signature by another secret',
    ];
    const cases = names.map((name) => refusals.find((one) => one.name === name));
    const answers = [];
    for (const one of cases) if (one) answers.push(await send(intake.port, one.sent()));
    expect(answers).toHaveLength(names.length);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('is shown by the API with its reason', async () => {
    await send(intake.port, hubspot({ ageMs: 400_000 }));
    const { body } = await intake.api('/v1/webhook-requests?connection_id=con_hubspot&limit=1');
    expect(body).toMatchObject({ requests: [{ outcome: 'rejected', reason: 'timestamp_stale' }] });
  });

  it('is told to come back when no store confirms its events, and may then', async () => {
    intake.outboxFault = new Error('the disk is full');
    intake.bus.published.length = 0;
    const sent = hubspot();
    const { answer, rows } = await refusedRows(() => send(intake.port, sent));
    intake.outboxFault = undefined;
    expect(answer).toMatchObject({ status: 503, retryAfter: '5', json: { code: 'not_durable' } });
    expect(answer.contentType).toMatch(/^application\/problem\+json/);
    expect(rows).toMatchObject([{ outcome: 'rejected', reason: 'not_durable', http_status: 503 }]);
    expectNothingLeaks(answer, rows);
    await expect(send(intake.port, sent)).resolves.toMatchObject({
      status: 200,
      json: { accepted: 1, duplicates: 0, skipped: 0 },
    });
    intake.bus.published.length = 0;
  });
});

describe('a flood', () => {
  it('is told how long to wait, and that it is one tells nothing of the connection', async () => {
    await using own = new AsyncDisposableStack();
    const limited = await startIntake(own, {
      connections: CONNECTIONS,
      secrets: SECRETS,
      ratePerSecond: 1,
    });
    const last: Answer[] = [];
    for (const connectionId of ['con_hubspot', 'con_nobody']) {
      const statuses = [];
      for (let count = 0; count < 4; count += 1) {
        const answer = await send(limited.port, hubspot({ connectionId }));
        statuses.push(answer.status);
        if (answer.status === 429) last.push(answer);
      }
      // Bursts of twice the rate.
      const first = connectionId === 'con_hubspot' ? 200 : 401;
      expect(statuses).toEqual([first, first, 429, 429]);
    }
    expect(last[0]).toMatchObject({ retryAfter: '1', json: { code: 'rate_limited' } });
    expect(last[0]?.contentType).toMatch(/^application\/problem\+json/);
    for (const answer of last) expect(answer).toEqual(last[0]);
    const rows = (await limited.requestLog()).filter(({ reason }) => reason === 'rate_limited');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatchObject({ outcome: 'rejected', http_status: 429, connection_id: null });
    expect(limited.outboxAppends).toHaveLength(2);
  });
});
