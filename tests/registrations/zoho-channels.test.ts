// Watch channels from end to end: opened at Zoho's sandbox by the service, and their notifications taken by
// intake. Real: the sandbox and its API over HTTP, intake as the server puts it together, Postgres
// (PGlite), the adapter. Doubled: the clock of sandbox and service, the HTTP client by a plain one.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Sandbox } from '#adapters/kit/sandbox/contract.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { openTestDatabase, type TestDatabase } from '#platform/database/testing.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import { callWith } from '#services/connections/test-credential.ts';
import { RegistrationService } from '#services/registrations/registration-service.ts';
import { makeWebhookUrl } from '#services/registrations/webhook-url.ts';
import { connection, type IntakeApp, startIntake } from '../intake/intake-app.ts';
import { sendHttp } from '../support/send-http.ts';

const DAY = 86_400_000;
const ID = 'con_zoho';
const SECRET = 'k3Yc7-pP0wQv9bTn2LxHd5RsUgEaJmZf';
const TOKEN = 'access-token-of-zoho';
const MODULES = ['Accounts', 'Contacts', 'Deals'];

interface Listed {
  readonly channel_id: string;
  readonly events: readonly string[];
  readonly channel_expiry: string;
  readonly token: string;
}

describe('watch channels', () => {
  const stack = new AsyncDisposableStack();
  const adapters = adaptersByProvider();
  const zoho = adapters.get('zoho') as Adapter;
  const settings = zoho.settingsSchema.parse({});
  let database: TestDatabase;
  let intake: IntakeApp;
  let sandbox: Sandbox;
  let service: RegistrationService;
  let nowMs: number;

  beforeAll(async () => {
    database = stack.adopt(await openTestDatabase(), (one) => one.close());
    intake = await startIntake(stack, {
      connections: [connection(ID, { provider: 'zoho', settings: {} })],
      secrets: { [`secret/${ID}`]: SECRET },
    });
    await new ConnectionStore(database.db).insert(
      { tenantId: 'acme', orgId: null, provider: 'zoho', name: 'Zoho', settings: {} },
      ID,
      `secret/${ID}`,
    );
    await database.db.query(
      `INSERT INTO connection_credentials (connection_id, tenant_id, kind, secret_ref, secret_ref_version)
       VALUES ($1, 'acme', 'oauth2', 'ref', 1)`,
      [ID],
    );
  });
  afterAll(() => stack.disposeAsync());

  beforeEach(async () => {
    await database.db.query('DELETE FROM webhook_registrations');
    nowMs = Date.parse('2026-01-15T10:00:00Z');
    const module = await zoho.sandbox?.();
    if (!module) throw new Error('There is a sandbox of Zoho.');
    sandbox = await module.start({
      // Nothing it sends by itself is taken: only a channel has the secret.
      targetUrl: `http://127.0.0.1:${intake.port}/webhooks/zoho/${ID}`,
      secret: 'a-secret-nobody-registered',
      settings,
      nowMs: () => nowMs,
      policy: { retryDelayMs: () => undefined },
    });
    sandbox.api.tokens.replace([{ token: TOKEN }]);
    const credential: Credential = {
      kind: 'oauth2',
      token: TOKEN,
      scopes: [],
      facts: { api_domain: sandbox.apiUrl },
    };
    service = new RegistrationService({
      adapters,
      database: database.db,
      secrets: {
        versions: async () => [{ version: 1, state: 'enabled', createdAtMs: 0 }],
        access: async () => SECRET,
      },
      callProvider: () => callWith(zoho, settings, credential, sendHttp),
      webhookUrl: makeWebhookUrl(() => `http://127.0.0.1:${intake.port}`, adapters),
      log: async () => undefined,
      onError: (message, error) => {
        throw new Error(message, { cause: error });
      },
      nowMs: () => nowMs,
    });
  });
  afterEach(() => sandbox.close());

  async function channels(): Promise<Listed[]> {
    const { text } = await sendHttp(`${sandbox.apiUrl}/crm/v8/actions/watch`, {
      method: 'GET',
      headers: { authorization: `Zoho-oauthtoken ${TOKEN}` },
      timeoutMs: 5_000,
    });
    return text === '' ? [] : (JSON.parse(text) as { watch: Listed[] }).watch;
  }

  const calls = () => sandbox.api.calls.map(({ method, status }) => `${method} ${status}`);
  const since = (before: number) => calls().slice(before);

  /** Changes of every module, and what became of their notifications. */
  async function change(count: number, misbehave?: 'bad_signature') {
    const before = { ...sandbox.stats() };
    sandbox.emit(count, { type: 'deal.update', ...(misbehave && { misbehave }) });
    sandbox.emit(count, { type: 'contact.insert', ...(misbehave && { misbehave }) });
    await sandbox.idle();
    const after = sandbox.stats();
    const { acknowledged, dropped, refused } = before;
    return {
      acknowledged: after.acknowledged - acknowledged,
      dropped: after.dropped - dropped,
      refused: after.refused - refused,
    };
  }

  it('are opened for each module, and intake takes their notifications', async () => {
    const outcome = await service.ensure(ID);
    expect(outcome).toMatchObject({ held: true, result: MODULES.map(() => ({ state: 'active' })) });
    const open = await channels();
    expect(open.map(({ events }) => events.join()).toSorted()).toEqual(
      MODULES.map((name) => `${name}.all`),
    );
    expect(open.every(({ token }) => token === SECRET)).toBe(true);
    for (const { channel_id } of open) expect(BigInt(channel_id)).toBeLessThan(2n ** 63n);
    expect(new Set(open.map(({ channel_expiry }) => channel_expiry))).toEqual(
      new Set(['2026-01-21T10:00:00+00:00']),
    );
    const before = intake.outboxAppends.length;
    expect(await change(10)).toEqual({ acknowledged: 20, dropped: 0, refused: 0 });
    const payloads = intake.outboxAppends.slice(before).flat();
    const told = JSON.stringify(payloads);
    expect(open.filter(({ channel_id }) => told.includes(channel_id))).toHaveLength(2);
    expect(told).not.toContain(SECRET);
  });

  it('do not make others acceptable: a forged notification is refused', async () => {
    await service.ensure(ID);
    expect(await change(3, 'bad_signature')).toEqual({ acknowledged: 0, dropped: 0, refused: 6 });
  });

  it('are extended before they end, and go on being heard', async () => {
    await service.ensure(ID);
    const before = calls().length;
    nowMs += 4 * DAY;
    await service.ensure(ID);
    expect(since(before)).toEqual(['PATCH 200', 'PATCH 200', 'PATCH 200']);
    nowMs += 5 * DAY;
    expect(await channels()).toHaveLength(3);
    expect(await change(2)).toMatchObject({ acknowledged: 4, dropped: 0 });
  });

  it('that have ended are heard no more until they are opened anew', async () => {
    await service.ensure(ID);
    const ids = (await channels()).map(({ channel_id }) => channel_id);
    nowMs += 6 * DAY + 1;
    expect(await change(2)).toEqual({ acknowledged: 0, dropped: 4, refused: 0 });
    const before = calls().length;
    await service.ensure(ID);
    expect(new Set(since(before))).toEqual(new Set(['PATCH 400', 'POST 201']));
    expect((await channels()).map(({ channel_id }) => channel_id)).toEqual(ids);
    expect(await change(2)).toMatchObject({ acknowledged: 4, dropped: 0 });
  });

  it('whose answer was lost are found again by their id', async () => {
    await service.ensure(ID);
    await database.db.query(
      `UPDATE webhook_registrations SET state = 'pending', renewed_at = NULL, expires_at = NULL`,
    );
    const before = calls().length;
    await service.ensure(ID);
    // Refused as something new, then replaced.
    expect(since(before).filter((one) => one.startsWith('POST'))).toHaveLength(3);
    expect(since(before).filter((one) => one === 'PUT 200')).toHaveLength(3);
    expect(await channels()).toHaveLength(3);
    expect(await change(2)).toMatchObject({ acknowledged: 4 });
  });

  it('are closed with the connection, and nothing is heard then', async () => {
    await service.ensure(ID);
    const found = await service.store.connection(ID);
    if (!found) throw new Error('The connection is there.');
    expect(await service.farewell(found)).toEqual([]);
    expect(await channels()).toEqual([]);
    expect(await change(2)).toEqual({ acknowledged: 0, dropped: 4, refused: 0 });
    // Again, as after a cut: what is gone is gone.
    await service.farewell(found);
  });

  it.each([
    ['the token is refused', 'unknown', 'credentials_refused'],
    ['a scope is missing', 'forbidden', 'credentials_refused'],
    ['there are too many calls', 'limited', 'provider_unavailable'],
    ['Zoho is away', 'unavailable', 'provider_unavailable'],
    ['a page is answered', 'html', 'provider_refused'],
    ['half a document is answered', 'garbage', 'provider_refused'],
  ] as const)('are not there when %s, and the row says why', async (_name, fault, failure) => {
    if (fault === 'unknown') sandbox.api.tokens.replace([]);
    // Twice: what is refused is tried as a replacement.
    else sandbox.api.fail(fault, 6);
    const outcome = await service.ensure(ID);
    const rows = outcome.held ? outcome.result : [];
    expect(rows.map((row) => row.failure)).toEqual([failure, failure, failure]);
    expect(JSON.stringify(rows)).not.toContain(TOKEN);
  });
});
