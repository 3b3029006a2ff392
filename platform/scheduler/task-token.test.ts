import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  exportJWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { InternalError, NotAuthenticated } from '#schemas/problems.ts';
import { createTaskTokenVerifier } from './task-token.ts';

const EXPECTED = {
  issuer: 'https://accounts.google.com',
  audience: 'https://worker.example.com',
  email: 'scheduler@project.iam.gserviceaccount.com',
};
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const HMAC_KEY = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));

/** The claims of a token Google makes for a service account. */
const claims = (change: JWTPayload): JWTPayload => {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: EXPECTED.issuer,
    aud: EXPECTED.audience,
    azp: '113774264463038321964',
    sub: '113774264463038321964',
    email: EXPECTED.email,
    email_verified: true,
    iat: now,
    exp: now + 3600,
    ...change,
  };
};
const sign = (
  change: JWTPayload = {},
  key: KeyObject | Buffer = privateKey,
  alg = 'RS256',
  kid = 'one',
) => new SignJWT(claims(change)).setProtectedHeader({ alg, kid }).sign(key);
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('createTaskTokenVerifier', () => {
  let verify: ReturnType<typeof createTaskTokenVerifier>;
  beforeAll(async () => {
    const jwks = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] });
    verify = createTaskTokenVerifier({ ...EXPECTED, jwks });
  });

  it("accepts a token of the scheduler's account", async () => {
    await verify(`Bearer ${await sign()}`);
  });

  it.each([
    { name: 'expired a moment ago', change: () => ({ exp: secondsFromNow(-20) }) },
    { name: 'is valid in a moment', change: () => ({ nbf: secondsFromNow(20) }) },
    { name: 'was issued a moment from now', change: () => ({ iat: secondsFromNow(20) }) },
  ])('bears a clock that goes a little wrong: a token that $name', async ({ change }) => {
    await verify(`bearer ${await sign(change())}`);
  });

  const refused: readonly { readonly name: string; readonly token: () => Promise<string> }[] = [
    { name: 'another issuer', token: () => sign({ iss: 'https://accounts.example.com' }) },
    { name: 'another audience', token: () => sign({ aud: 'https://other.example.com' }) },
    { name: 'no audience', token: () => sign({ aud: undefined }) },
    {
      name: 'another account',
      token: () => sign({ email: 'someone@project.iam.gserviceaccount.com' }),
    },
    {
      name: 'an account of the same name in another project',
      token: () => sign({ email: 'scheduler@project-2.iam.gserviceaccount.com' }),
    },
    {
      name: 'the account in other letters',
      token: () => sign({ email: EXPECTED.email.toUpperCase() }),
    },
    { name: 'a list of accounts', token: () => sign({ email: [EXPECTED.email] }) },
    { name: 'no email', token: () => sign({ email: undefined }) },
    { name: 'an unverified email', token: () => sign({ email_verified: false }) },
    {
      name: 'an email of which nothing is said',
      token: () => sign({ email_verified: undefined }),
    },
    { name: 'an email verified by a number', token: () => sign({ email_verified: 1 }) },
    { name: 'a verified email that is only text', token: () => sign({ email_verified: 'true' }) },
    { name: 'an expired token', token: () => sign({ exp: secondsFromNow(-60) }) },
    {
      name: 'a token that expired just past the tolerance',
      token: () => sign({ exp: secondsFromNow(-32) }),
    },
    { name: 'a token without a beginning', token: () => sign({ iat: undefined }) },
    { name: 'a token without an end', token: () => sign({ exp: undefined }) },
    { name: 'a token that is not valid yet', token: () => sign({ nbf: secondsFromNow(600) }) },
    { name: 'no issuer', token: () => sign({ iss: undefined }) },
    {
      name: 'an issuer without its scheme',
      token: () => sign({ iss: 'accounts.google.com' }),
    },
    {
      name: 'changed claims',
      token: async () => {
        const [header, , signature] = (await sign({ email: 'x@y' })).split('.');
        const payload = Buffer.from(JSON.stringify(claims({}))).toString('base64url');
        return `${header}.${payload}.${signature}`;
      },
    },
    { name: 'a key that nobody has', token: () => sign({}, privateKey, 'RS256', 'two') },
    { name: "a stranger's signature", token: () => sign({}, stranger.privateKey) },
    { name: 'another RSA algorithm', token: () => sign({}, privateKey, 'RS512') },
    { name: 'the public key as an HMAC secret', token: () => sign({}, HMAC_KEY, 'HS256') },
    { name: 'no signature', token: async () => new UnsecuredJWT(claims({})).encode() },
    { name: 'a changed signature', token: async () => `${(await sign()).slice(0, -8)}AAAAAAAA` },
    { name: 'text that is no token', token: async () => 'abc' },
  ];
  it.each(refused)('refuses $name', async ({ token }) => {
    await expect(verify(`Bearer ${await token()}`)).rejects.toThrow(NotAuthenticated);
  });

  it.each([
    { name: 'no header', make: () => undefined },
    { name: 'an empty header', make: () => '' },
    { name: 'a token without its scheme', make: (token: string) => token },
    { name: 'another scheme', make: (token: string) => `Basic ${token}` },
    { name: 'two tokens', make: (token: string) => `Bearer ${token} ${token}` },
  ])('refuses $name', async ({ make }) => {
    await expect(verify(make(await sign()))).rejects.toThrow(NotAuthenticated);
  });

  it('does not blame the caller when the keys cannot be fetched', async () => {
    const jwks = createRemoteJWKSet(new URL('http://127.0.0.1:1/certs'));
    const cut = createTaskTokenVerifier({ ...EXPECTED, jwks });
    await expect(cut(`Bearer ${await sign()}`)).rejects.toThrow(InternalError);
  });

  it('tells nothing of the token in its refusals', async () => {
    const token = await sign({ aud: 'other' });
    const failure = await verify(`Bearer ${token}`).catch((error: Error) => error);
    expect(String(failure)).not.toContain(token.slice(0, 20));
  });
});
