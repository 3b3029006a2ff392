// Real: the verifier, jose, HTTP on the loopback interface. Doubled: Google's key endpoint, by one
// that serves the same document, and the date.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTaskTokenVerifier } from '#platform/scheduler/task-token.ts';
import { InternalError, NotAuthenticated } from '#schemas/problems.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { GOOGLE_ISSUER, startTokenIssuer, type TokenIssuer } from './testing/token-issuer.ts';

const AUDIENCE = 'tributary-tasks';
const EMAIL = 'scheduler@project.iam.gserviceaccount.com';
const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

let issuer: TokenIssuer;
let verify: (authorization: string | undefined) => Promise<void>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  issuer = await startTokenIssuer();
  verify = createTaskTokenVerifier({
    issuer: GOOGLE_ISSUER,
    audience: AUDIENCE,
    email: EMAIL,
    jwks: createRemoteKeys(issuer.jwksUrl),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.stop();
});

const header = async () => `Bearer ${await issuer.sign(AUDIENCE, EMAIL)}`;
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe('remote keys', () => {
  it('fetches the keys once for many tokens', async () => {
    await Promise.all(Array.from({ length: 20 }, async () => verify(await header())));
    later(HOUR_MS - SECOND_MS);
    await verify(await header());
    expect(issuer.fetches).toBe(1);
  });

  it('still asks whose token it is', async () => {
    const other = await issuer.sign('another audience', EMAIL);
    await expect(verify(`Bearer ${other}`)).rejects.toThrow(NotAuthenticated);
    const someone = await issuer.sign(AUDIENCE, 'someone@project.iam.gserviceaccount.com');
    await expect(verify(`Bearer ${someone}`)).rejects.toThrow(NotAuthenticated);
  });

  it('takes over a new key when it first sees it', async () => {
    const older = await header();
    await verify(older);
    later(31 * SECOND_MS);
    await issuer.rotate();
    await verify(await header());
    await verify(older);
    expect(issuer.fetches).toBe(2);
  });

  it('asks no oftener for tokens of keys that nobody has', async () => {
    await verify(await header());
    const stranger = await startTokenIssuer();
    const forged = `Bearer ${await stranger.sign(AUDIENCE, EMAIL)}`;
    await stranger.stop();
    for (let call = 0; call < 5; call += 1) {
      await expect(verify(forged)).rejects.toThrow(NotAuthenticated);
    }
    later(31 * SECOND_MS);
    for (let call = 0; call < 5; call += 1) {
      await expect(verify(forged)).rejects.toThrow(NotAuthenticated);
    }
    expect(issuer.fetches).toBe(2);
  });

  it('stops to trust a key that was withdrawn, within an hour', async () => {
    const withdrawn = await header();
    await verify(withdrawn);
    await issuer.rotate({ dropOlder: true });
    later(HOUR_MS - 10 * SECOND_MS);
    await verify(withdrawn);
    later(20 * SECOND_MS);
    await expect(verify(withdrawn)).rejects.toThrow(NotAuthenticated);
  });

  const outages = [
    { name: 'answers with an error', fail: async () => issuer.serve('error') },
    { name: 'answers with no keys', fail: async () => issuer.serve('garbage') },
    { name: 'is gone', fail: () => issuer.stop() },
  ];

  it.each(outages)('uses the keys it has on when the endpoint $name', async ({ fail }) => {
    await verify(await header());
    await fail();
    for (let hours = 0; hours < 23; hours += 1) {
      later(HOUR_MS);
      await verify(await header());
    }
    later(HOUR_MS + SECOND_MS);
    await expect(verify(await header())).rejects.toThrow(InternalError);
  });

  it.each(outages)(
    'does not blame the token when the endpoint $name from the first',
    async ({ fail }) => {
      const token = await header();
      await fail();
      await expect(verify(token)).rejects.toThrow(InternalError);
    },
  );

  it('does not blame a token of a new key that it cannot see', async () => {
    await verify(await header());
    later(31 * SECOND_MS);
    await issuer.rotate();
    issuer.serve('error');
    await expect(verify(await header())).rejects.toThrow(InternalError);
    issuer.serve('keys');
    later(31 * SECOND_MS);
    await verify(await header());
  });

  it('asks an endpoint that is away every half minute, not for every token', async () => {
    await verify(await header());
    issuer.serve('error');
    later(2 * HOUR_MS);
    for (let call = 0; call < 10; call += 1) await verify(await header());
    expect(issuer.fetches).toBe(2);
    later(31 * SECOND_MS);
    await verify(await header());
    expect(issuer.fetches).toBe(3);
  });

  it('comes back by itself', async () => {
    issuer.serve('error');
    await expect(verify(await header())).rejects.toThrow(InternalError);
    issuer.serve('keys');
    await verify(await header());
  });

  it('does not wait for a silent endpoint for long', async () => {
    issuer.serve('silent');
    const startMs = performance.now();
    await expect(verify(await header())).rejects.toThrow(InternalError);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});
