// What answers of a provider amount to: by rules of all, and by those of each. No I/O.
import { expect, it } from 'vitest';
import { judgeAnswer } from '#adapters/kit/judge-answer.ts';
import { adaptersByProvider } from '#adapters/registry.ts';

interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const html = { 'content-type': 'text/html; charset=UTF-8' };
const sf = (errorCode: string, message = 'm') => [{ errorCode, message }];

const CASES: readonly [provider: string, name: string, answer: Answer, expected: string][] = [
  // kind, code, wait
  ['zoho', 'success', { status: 200 }, 'answered'],
  ['zoho', 'nothing', { status: 204 }, 'answered'],
  ['zoho', 'not modified', { status: 304 }, 'answered'],
  ['zoho', 'a redirect', { status: 302 }, 'answered'],
  ['zoho', 'a bad request', { status: 400 }, 'answered'],
  ['zoho', 'not found', { status: 404 }, 'answered'],
  ['zoho', 'a timeout', { status: 408 }, 'unavailable'],
  [
    'zoho',
    'a fault',
    { status: 500, json: { code: 'INTERNAL_ERROR' } },
    'unavailable INTERNAL_ERROR',
  ],
  ['zoho', 'a stated wait', { status: 429, headers: { 'retry-after': '7' } }, 'unavailable 7'],
  [
    'zoho',
    'a wait of years',
    { status: 503, headers: { 'retry-after': '999999999' } },
    'unavailable 86400',
  ],
  [
    'zoho',
    'a date to wait for',
    { status: 503, headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' } },
    'unavailable',
  ],
  [
    'zoho',
    'a token',
    { status: 401, json: { code: 'INVALID_TOKEN' } },
    'token_refused INVALID_TOKEN',
  ],
  [
    'zoho',
    'a scope',
    { status: 401, json: { code: 'OAUTH_SCOPE_MISMATCH' } },
    'credentials_refused OAUTH_SCOPE_MISMATCH',
  ],
  [
    'zoho',
    'a permission',
    { status: 403, json: { code: 'NO_PERMISSION' } },
    'credentials_refused NO_PERMISSION',
  ],
  [
    'zoho',
    'a code that is a text',
    { status: 401, json: { code: 'token k3Yc7 is bad' } },
    'token_refused',
  ],
  [
    'hubspot',
    'an expired token',
    { status: 401, json: { category: 'EXPIRED_AUTHENTICATION' } },
    'token_refused EXPIRED_AUTHENTICATION',
  ],
  [
    'hubspot',
    'another token',
    { status: 401, json: { category: 'INVALID_AUTHENTICATION' } },
    'credentials_refused INVALID_AUTHENTICATION',
  ],
  [
    'hubspot',
    'a scope',
    { status: 403, json: { category: 'MISSING_SCOPES' } },
    'credentials_refused MISSING_SCOPES',
  ],
  [
    'hubspot',
    'a limit of seconds',
    { status: 429, json: { policyName: 'SECONDLY' } },
    'unavailable 1',
  ],
  [
    'hubspot',
    'a limit of a day',
    { status: 429, json: { policyName: 'DAILY' } },
    'unavailable 3600',
  ],
  [
    'hubspot',
    'a limit nobody knows',
    { status: 429, json: { policyName: 'NEW' } },
    'unavailable 10',
  ],
  ['hubspot', 'a lock', { status: 423 }, 'unavailable 2'],
  [
    'hubspot',
    'an account on the move',
    { status: 477, headers: { 'retry-after': '600' } },
    'unavailable 600',
  ],
  ['hubspot', 'a malformed token', { status: 530 }, 'credentials_refused'],
  ['hubspot', 'a fault of its network', { status: 522 }, 'unavailable'],
  [
    'salesforce',
    'a session',
    { status: 401, json: sf('INVALID_SESSION_ID') },
    'token_refused INVALID_SESSION_ID',
  ],
  [
    'salesforce',
    'a session that is not for REST',
    {
      status: 401,
      json: sf('INVALID_SESSION_ID', 'This session is not valid for use with the REST API'),
    },
    'credentials_refused INVALID_SESSION_ID',
  ],
  [
    'salesforce',
    'a token at the identity service',
    { status: 403, headers: html, text: 'Bad_OAuth_Token' },
    'token_refused',
  ],
  [
    'salesforce',
    'a limit',
    { status: 403, json: sf('REQUEST_LIMIT_EXCEEDED') },
    'unavailable REQUEST_LIMIT_EXCEEDED 900',
  ],
  [
    'salesforce',
    'a permission',
    { status: 403, json: sf('INSUFFICIENT_ACCESS') },
    'credentials_refused INSUFFICIENT_ACCESS',
  ],
  ['salesforce', 'its 420', { status: 420 }, 'unavailable'],
  ['salesforce', 'a page', { status: 200, headers: html, text: '<html>' }, 'unavailable'],
  ['salesforce', 'a query that is wrong', { status: 400, json: sf('MALFORMED_QUERY') }, 'answered'],
  [
    'zenoti',
    'a key',
    { status: 401, json: { message: 'Authorization has been denied for this request.' } },
    'token_refused',
  ],
  [
    'zenoti',
    'a limit with a reset',
    { status: 429, headers: { 'ratelimit-reset': '12' } },
    'unavailable 12',
  ],
  ['zenoti', 'a limit without one', { status: 429 }, 'unavailable 60'],
  [
    'zenoti',
    'a code of the application',
    { status: 502, json: { error: { code: 502, message: 'm' } } },
    'answered',
  ],
  ['zenoti', 'a fault with an empty error', { status: 502, json: { error: null } }, 'unavailable'],
  ['zenoti', 'a fault', { status: 502, text: '<html>' }, 'unavailable'],
  ['custom', 'a key, with an echo', { status: 401, json: { code: 'SECRET_KEY' } }, 'token_refused'],
  ['custom', 'a limit', { status: 429, headers: { 'retry-after': '3' } }, 'unavailable 3'],
  ['custom', 'a bad request', { status: 422 }, 'answered'],
];

it.each(CASES)('%s: %s', (provider, _name, { status, json, text, headers }, expected) => {
  const api = adaptersByProvider().get(provider)?.api;
  if (!api) throw new Error(`${provider} has no API`);
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  const refusal = judgeAnswer(api, { status, headers: headers ?? {}, text: body });
  const wait = refusal?.kind === 'unavailable' ? refusal.retryAfterSeconds : undefined;
  const words = [refusal?.kind ?? 'answered', refusal?.code, wait];
  expect(words.filter((word) => word !== undefined).join(' ')).toBe(expected);
});

it.each(['{'.repeat(70_000), '[[[[', 'null', '"text"', '[]', '[null]', '\u0000'])(
  'a body of no use says nothing: %#',
  (text) => {
    for (const adapter of adaptersByProvider().values()) {
      if (!adapter.api) continue;
      const refusal = judgeAnswer(adapter.api, { status: 403, headers: {}, text });
      expect(refusal).toMatchObject({ kind: 'credentials_refused', code: undefined });
    }
  },
);
