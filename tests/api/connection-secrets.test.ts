// Rotation of signing secrets over everything below it; see api-app.ts for what is real. Besides: the secret
// cache of intake, to see which secrets verify.
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { SecretCache } from '#services/connections/secret-cache.ts';
import { type ApiApp, openApi, PUBLIC_URL, TENANT } from './api-app.ts';

const FIRST = 'the-first-signing-secret';
const SECOND = 'the-second-signing-secret';

let stack: AsyncDisposableStack;
let api: ApiApp;
let made = 0;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());
/** What was done with secrets, as the audit log tells it. */
const audited = async () =>
  (await api.audited()).filter(({ action }) => action.startsWith('connection.secret_'));

beforeEach(() => api.forgetAudited());

async function add(provider = 'hubspot', more: object = { secret: FIRST }) {
  made += 1;
  const { body, status } = await api.call('POST', '/v1/connections', {
    provider,
    name: `secret-${made}`,
    ...more,
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body as { id: string; secret_ref: string; secret?: string };
}
const rotate = (id: string, body: object = { secret: SECOND }) =>
  api.call('POST', `/v1/connections/${id}/secret/rotate`, body);
const retire = (id: string, version: number) =>
  api.call('POST', `/v1/connections/${id}/secret/retire`, { version });
/** The secrets that webhooks of the connection are verified with. */
const verifying = (ref: string) => new SecretCache(api.secrets).active(ref);
const states = (body: Record<string, unknown>) =>
  (body.versions as { version: number; state: string }[]).map(
    ({ version, state }) => `${version} ${state}`,
  );

describe('a signing secret', () => {
  it('is rotated with an overlap, until the old one is retired', async () => {
    const { id, secret_ref } = await add();
    const rotated = await rotate(id);
    expect(rotated).toMatchObject({ status: 200, body: { secret_ref, version: 2 } });
    expect(states(rotated.body)).toEqual(['2 enabled', '1 enabled']);
    expect(await verifying(secret_ref)).toEqual([SECOND, FIRST]);

    const retired = await retire(id, 2);
    expect(states(retired.body)).toEqual(['2 enabled', '1 destroyed']);
    expect(await verifying(secret_ref)).toEqual([SECOND]);
    const listed = await api.call('GET', `/v1/connections/${id}/secret`);
    expect(listed.body).toEqual({
      secret_ref,
      versions: [
        { version: 2, state: 'enabled', created_at: expect.stringMatching(/Z$/) },
        { version: 1, state: 'destroyed', created_at: expect.stringMatching(/Z$/) },
      ],
    });
    expect(rotated.text + retired.text + listed.text).not.toContain('signing-secret');
  });

  it('that we make is shown once, with the URL it is part of', async () => {
    const { id } = await add('zoho', {});
    const { body } = await rotate(id, {});
    expect(body.secret).toMatch(/^[\w-]{32}$/);
    const url = `${PUBLIC_URL}/webhooks/zoho/${id}`;
    expect(body.webhook_url).toBe(withPathSecret(url, String(body.secret)));
    const listed = await api.call('GET', `/v1/connections/${id}/secret`);
    expect(listed.text).not.toContain(String(body.secret));
  });

  it('that is given is not shown, but the URL it is part of', async () => {
    const { id } = await add('zoho', {});
    const { body, text } = await rotate(id);
    const url = `${PUBLIC_URL}/webhooks/zoho/${id}`;
    expect(body.webhook_url).toBe(withPathSecret(url, SECOND));
    expect(text).not.toContain(SECOND);
  });

  it('leaves who did what in the audit log, without values', async () => {
    const { id } = await add();
    await rotate(id);
    await retire(id, 2);
    expect(
      (await audited()).map(({ tenantId, action, subject }) => [tenantId, action, subject]),
    ).toEqual([
      [TENANT, 'connection.secret_rotated', { type: 'connection', id }],
      [TENANT, 'connection.secret_retired', { type: 'connection', id }],
    ]);
    const before = (await audited()).map((entry) =>
      states(entry.before as Record<string, unknown>),
    );
    expect(before).toEqual([['1 enabled'], ['2 enabled', '1 enabled']]);
    expect(inspect(await api.audited(), { depth: 9 })).not.toContain('signing-secret');
  });

  it.each([
    { name: 'too short', provider: 'hubspot', body: { secret: 'short' } },
    { name: 'missing, where the provider makes it', provider: 'hubspot', body: {} },
    {
      name: 'one that the provider cannot send',
      provider: 'zoho',
      body: { secret: 'x'.repeat(51) },
    },
    { name: 'with more than that', provider: 'hubspot', body: { secret: SECOND, version: 1 } },
  ])('is refused when it is $name', async ({ provider, body }) => {
    const { id, secret_ref } = await add(provider, provider === 'zoho' ? {} : { secret: FIRST });
    expect((await rotate(id, body)).status).toBe(400);
    expect(await verifying(secret_ref)).toHaveLength(1);
    expect(await audited()).toEqual([]);
  });

  it('is not added to five that verify', async () => {
    const { id } = await add();
    for (let version = 2; version <= 5; version += 1) expect((await rotate(id)).status).toBe(200);
    expect(await rotate(id)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await retire(id, 4)).status).toBe(200);
    expect((await rotate(id)).body.version).toBe(6);
  });

  it('is not retired for one that does not verify, as then nothing might', async () => {
    const { id, secret_ref } = await add();
    expect((await retire(id, 2)).status).toBe(400);
    await rotate(id);
    await api.secrets.disable(secret_ref, 2);
    expect((await retire(id, 2)).status).toBe(400);
    expect((await retire(id, 3)).status).toBe(400);
    expect(await verifying(secret_ref)).toEqual([FIRST]);
  });

  it('of a connection that is not there is not found', async () => {
    for (const answer of [
      await api.call('GET', '/v1/connections/con_nothing/secret'),
      await rotate('con_nothing'),
      await retire('con_nothing', 1),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });
});
