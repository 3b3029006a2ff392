import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import { Problem } from '#schemas/problem.ts';
import { makeRefresh } from './protocol.ts';
import { findProvider } from './provider-settings.ts';
import { standardAnswer } from './token-answer.ts';

const providers = oauthProviders();
const CLIENT = { clientId: 'id', clientSecret: 'secret' };
const credential = {
  kind: 'oauth2',
  token: 'before',
  refreshToken: 'refresh-before',
  scopes: ['api'],
  facts: {},
} as const;

describe('answers in the form of the standard', () => {
  it.each([
    ['zoho', 200, { error: 'invalid_code' }, 400, { error: 'invalid_code' }],
    ['slack', 200, { ok: false, error: 'x', access_token: 'y' }, 400, { error: 'x' }],
    ['clickup', 401, { err: 'E', ECODE: 'OAUTH_1' }, 400, { error: 'OAUTH_1' }],
    ['notion', 400, { code: 'validation_error' }, 400, { error: 'validation_error' }],
    [
      'hubspot',
      403,
      { status: 'BAD_AUTH_CODE', message: 'm' },
      400,
      { error: 'BAD_AUTH_CODE', error_description: 'm' },
    ],
    ['google', 403, { message: 'm' }, 403, {}],
    ['google', 400, { error: { code: 400 } }, 400, {}],
    [
      'zoho',
      200,
      { access_token: 't', expires_in: 3_600_000, expires_in_sec: 3_600 },
      200,
      { access_token: 't', expires_in: 3_600 },
    ],
    ['notion', 200, { access_token: 't', refresh_token: null }, 200, { access_token: 't' }],
    [
      'slack',
      200,
      { ok: true, access_token: 't', token_type: 'bot', scope: 'a,b' },
      200,
      { access_token: 't', scope: 'a b' },
    ],
    [
      'hubspot',
      201,
      { access_token: 't', scopes: ['a', 1, 'b'], expires_in: '1800' },
      200,
      { access_token: 't', scope: 'a b', expires_in: 1_800 },
    ],
    [
      'google',
      200,
      { access_token: 't', expires_in: -1, id_token: 'x' },
      200,
      { access_token: 't' },
    ],
    [
      'google',
      200,
      { access_token: 't', expires_in: 1e300 },
      200,
      { access_token: 't', expires_in: 315_360_000 },
    ],
  ])('%s %i %j', (name, status, json, expectedStatus, expected) => {
    const answer = standardAnswer(findProvider(providers, name), status, json);
    const token = expectedStatus === 200 ? { token_type: 'bearer' } : {};
    expect(answer).toEqual({ status: expectedStatus, body: { ...token, ...expected } });
  });
});

describe('facts', () => {
  const refresh = (name: string, json: object) =>
    makeRefresh({ providers, fetch: async () => Response.json(json) })(
      name,
      {},
      credential,
      CLIENT,
    );

  it.each([
    ['salesforce', { instance_url: 'https://acme.my.salesforce.com' }, true],
    ['salesforce', { instance_url: 'https://evil.example.com' }, false],
    ['salesforce', { instance_url: 'https://salesforce.com.example.com' }, false],
    ['salesforce', { instance_url: 'http://acme.my.salesforce.com' }, false],
    ['salesforce', { instance_url: 'https://a:b@acme.my.salesforce.com' }, false],
    ['salesforce', { instance_url: 'https://acme.my.salesforce.com/path' }, false],
    ['salesforce', { instance_url: 'http://127.0.0.1:8080' }, false],
    ['zoho', { api_domain: 'https://www.zohoapis.eu' }, true],
    ['zoho', { api_domain: 'https://www.zohoapis.evil' }, false],
  ])('%s %j is taken: %s', async (name, facts, taken) => {
    const answer = refresh(name, { access_token: 't', ...facts });
    if (taken) expect((await answer).facts).toEqual(facts);
    else await expect(answer).rejects.toThrow('not its own');
  });
});

describe('whatever a provider answers', () => {
  const json = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          access_token: fc.anything(),
          token_type: fc.anything(),
          expires_in: fc.anything(),
          expires_in_sec: fc.anything(),
          refresh_token: fc.anything(),
          scope: fc.anything(),
          scopes: fc.anything(),
          error: fc.anything(),
          error_description: fc.anything(),
          ok: fc.anything(),
          instance_url: fc.anything(),
          id: fc.anything(),
          id_token: fc.anything(),
          team: fc.anything(),
          data: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map((value) => {
        try {
          return JSON.stringify(value);
        } catch {
          return '{';
        }
      }),
    fc
      .record(
        {
          access_token: fc.string({ minLength: 1 }),
          expires_in: fc.oneof(fc.double(), fc.integer(), fc.string()),
          scope: fc.string(),
          team: fc.constantFrom({ id: 'T1' }, { id: 1e99 }, [], null),
          __proto__: fc.constant({ access_token: 'x' }),
        },
        { requiredKeys: ['access_token'] },
      )
      .map((value) => JSON.stringify(value)),
  );

  it('a refresh gives a credential or a named problem', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...providers.keys()),
      fc.constantFrom(200, 200, 201, 400, 401, 403, 404, 302, 429, 500, 502),
      json,
      async (name, status, text) => {
        const refresh = makeRefresh({
          providers,
          fetch: async () => new Response(text, { status }),
        });
        try {
          const next = await refresh(name, {}, credential, CLIENT);
          expect(status).toBeLessThan(300);
          expect(next.token).toEqual(expect.any(String));
          expect(next.token).not.toBe('');
          expect(next.refreshToken).toEqual(expect.any(String));
          if (next.expiresAt !== undefined) {
            expect(new Date(next.expiresAt).toISOString()).toBe(next.expiresAt);
          }
          for (const one of [...next.scopes, ...Object.values(next.facts)]) {
            expect(one).toEqual(expect.any(String));
          }
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          expect(['provider_unavailable', 'credentials_refused']).toContain(error.code);
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});
