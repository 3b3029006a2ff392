// Tokens of users. Real: jose, keys, and over HTTP the keys of an issuer on the loopback interface.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRemoteKeys } from '#platform/jwt/remote-keys.ts';
import {
  GOOGLE_ISSUER,
  startTokenIssuer,
  type TokenIssuer,
} from '#platform/jwt/testing/token-issuer.ts';
import { DEFAULT_CLAIMS, jwtTokens } from '#services/access/jwt.ts';
import { type LocalIssuer, openLocalIssuer } from '#services/access/local-issuer.ts';

const AUDIENCE = 'tributary-api';
const EMAIL = 'jane@acme.example';
const nowSeconds = () => Math.floor(Date.now() / 1_000);

let provider: TokenIssuer;
let keyDir: string;
let local: LocalIssuer;
let identify: ReturnType<typeof jwtTokens>;

beforeAll(async () => {
  provider = await startTokenIssuer();
  keyDir = await mkdtemp(join(tmpdir(), 'tributary-keys-'));
  local = await openLocalIssuer(keyDir);
  identify = jwtTokens([
    {
      issuer: GOOGLE_ISSUER,
      audience: AUDIENCE,
      jwks: createRemoteKeys(provider.jwksUrl),
      claims: { tenant: 'https://acme.example/tenant', org: 'org', role: 'roles' },
    },
    local,
  ]);
});
afterAll(async () => {
  await provider.stop();
  await rm(keyDir, { recursive: true, force: true });
});

const TENANT = { 'https://acme.example/tenant': 'acme' };
const provided = (change: JWTPayload = {}) =>
  provider.sign(AUDIENCE, EMAIL, { sub: 'jane', ...TENANT, ...change });

describe('a token of the identity provider', () => {
  it.each([
    { name: 'the platform', claims: {}, identity: { orgId: null, role: 'member' } },
    { name: 'an organisation', claims: { org: 'o1' }, identity: { orgId: 'o1', role: 'member' } },
    { name: 'an owner', claims: { roles: 'owner' }, identity: { orgId: null, role: 'owner' } },
    {
      name: 'several roles',
      claims: { roles: ['x', 'member', 'administrator'] },
      identity: { orgId: null, role: 'administrator' },
    },
    {
      name: 'a role that is none',
      claims: { roles: { owner: true } },
      identity: { orgId: null, role: 'member' },
    },
  ])('is understood: $name', async ({ claims, identity }) => {
    const found = await identify(await provided(claims));
    expect(found).toEqual({ tenantId: 'acme', actor: 'user jane', ...identity });
  });

  it.each([
    { name: 'expired', claims: () => ({ exp: nowSeconds() - 60 }) },
    { name: 'not valid yet', claims: () => ({ nbf: nowSeconds() + 60 }) },
    { name: 'of another audience', claims: () => ({ aud: 'somebody-else' }) },
    { name: 'of another issuer', claims: () => ({ iss: 'https://evil.example' }) },
    { name: 'of the local issuer, by another key', claims: () => ({ iss: local.issuer }) },
    { name: 'without a subject', claims: () => ({ sub: undefined }) },
    { name: 'without an end', claims: () => ({ exp: undefined }) },
    {
      name: 'without a tenant',
      claims: () => ({ 'https://acme.example/tenant': undefined, tenant_id: 'acme' }),
    },
    {
      name: 'of a tenant that is none',
      claims: () => ({ ...TENANT, 'https://acme.example/tenant': "a'b" }),
    },
    { name: 'of an empty organisation', claims: () => ({ org: '' }) },
    { name: 'of an organisation called platform', claims: () => ({ org: 'platform' }) },
    { name: 'of a list of organisations', claims: () => ({ org: ['o1'] }) },
    { name: 'of an organisation that is a number', claims: () => ({ org: 1 }) },
  ])('is refused: $name', async ({ claims }) => {
    const token = await provided(claims() as JWTPayload);
    await expect(identify(token)).rejects.toMatchObject({ code: 'not_authenticated' });
  });

  it('may come from a clock that is a little wrong', async () => {
    const token = await provided({ exp: nowSeconds() - 10, iat: nowSeconds() - 100 });
    await expect(identify(token)).resolves.toMatchObject({ tenantId: 'acme' });
  });
});

describe('a token of this installation', () => {
  const issue = (lifetimeSeconds = 60) =>
    local.issue(
      { subject: 'jane', tenantId: 'acme', orgId: 'org_1', role: 'administrator' },
      lifetimeSeconds,
    );

  it('is understood, also by another process with the same key folder', async () => {
    const other = jwtTokens([await openLocalIssuer(keyDir)]);
    const identity = {
      tenantId: 'acme',
      orgId: 'org_1',
      role: 'administrator',
      actor: 'user jane',
    };
    expect(await identify(await issue())).toEqual(identity);
    expect(await other(await issue())).toEqual(identity);
  });

  it('is refused when it has been changed in any part', async () => {
    const [head = '', claims = '', signature = ''] = (await issue()).split('.');
    const forged = Buffer.from(
      JSON.stringify({
        ...JSON.parse(Buffer.from(claims, 'base64url').toString()),
        org_id: 'org_2',
      }),
    ).toString('base64url');
    for (const token of [
      [head, forged, signature],
      [head, claims, signature.replace(/^./, (one) => (one === 'A' ? 'B' : 'A'))],
      [head, claims, ''],
      [Buffer.from('{"alg":"none"}').toString('base64url'), claims, ''],
      [Buffer.from('{"alg":"none"}').toString('base64url'), claims, signature],
    ]) {
      const told = expect(identify(token.join('.'))).rejects;
      await told.toMatchObject({ code: 'not_authenticated' });
    }
  });
});

describe('forgeries', () => {
  const claims = () => ({
    iss: local.issuer,
    aud: local.audience,
    sub: 'mallory',
    [DEFAULT_CLAIMS.tenant]: 'acme',
    [DEFAULT_CLAIMS.role]: 'owner',
    iat: nowSeconds(),
    exp: nowSeconds() + 60,
  });
  const own = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const sign = (alg: string, key: KeyObject | Uint8Array, header: object = {}) =>
    new SignJWT(claims()).setProtectedHeader({ alg, ...header }).sign(key);

  it.each([
    { name: 'no signature', make: async () => new UnsecuredJWT(claims()).encode() },
    { name: 'a key of their own', make: () => sign('RS256', own().privateKey) },
    {
      name: 'a key that the token itself brings along',
      make: async () => {
        const { privateKey, publicKey } = own();
        return sign('RS256', privateKey, { jwk: await exportJWK(publicKey) });
      },
    },
    {
      name: 'a shared secret',
      make: () => sign('HS256', new TextEncoder().encode('tributary'.repeat(8))),
    },
  ])('by $name are refused', async ({ make }) => {
    await expect(identify(await make())).rejects.toMatchObject({ code: 'not_authenticated' });
  });

  it.each(['', 'trib_abc', 'a.b', 'a.b.c.d', 'a b.c.d'])(
    'takes "%s" for no token of its kind',
    async (text) => {
      expect(await identify(text)).toBeUndefined();
    },
  );

  it.each(['a.b.c', '..', 'e30.e30.e30', 'e30.bnVsbA.e30'])(
    'refuses the token %s',
    async (text) => {
      const told = (async () => identify(text))();
      if (text === '..') expect(await told).toBeUndefined();
      else await expect(told).rejects.toMatchObject({ code: 'not_authenticated' });
    },
  );
});

describe('an identity provider that is away', () => {
  it('is our fault, not the caller’s', async () => {
    const gone = jwtTokens([
      {
        issuer: GOOGLE_ISSUER,
        audience: AUDIENCE,
        jwks: createRemoteKeys('http://127.0.0.1:1/keys'),
        claims: DEFAULT_CLAIMS,
      },
    ]);
    await expect(gone(await provided())).rejects.toMatchObject({ status: 500 });
  });
});
