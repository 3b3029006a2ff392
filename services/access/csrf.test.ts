import { describe, expect, it } from 'vitest';
import { assertFromConsole, csrfToken } from './csrf.ts';

const SECRET = 'a'.repeat(43);
const TOKEN = csrfToken(SECRET);
const HOST = '127.0.0.1:8080';
const PUBLIC_URL = 'https://tributary.example';

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly token?: string | string[] | undefined;
  readonly origin?: string;
  readonly site?: string;
}

function check({ method = 'POST', origin, site, ...given }: Case) {
  const token = 'token' in given ? given.token : TOKEN;
  const headers = {
    host: HOST,
    ...(origin !== undefined && { origin }),
    ...(site !== undefined && { 'sec-fetch-site': site }),
    ...(token !== undefined && { 'x-csrf-token': token }),
  };
  return () => assertFromConsole({ method, headers }, SECRET, PUBLIC_URL);
}

describe('a request with a session cookie', () => {
  const passes: Case[] = [
    { name: 'its token' },
    { name: 'the public origin', origin: PUBLIC_URL, site: 'same-origin' },
    { name: 'the origin that was addressed', origin: `http://${HOST}` },
    ...['GET', 'HEAD', 'OPTIONS'].map((method) => ({
      name: `${method} without a token, from another site`,
      method,
      token: undefined,
      origin: 'https://evil.example',
      site: 'cross-site',
    })),
  ];
  it.each(passes)('passes with $name', (one) => {
    expect(check(one)).not.toThrow();
  });

  const refused: Case[] = [
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'].map((method) => ({
      name: `${method} without a token`,
      method,
      token: undefined,
    })),
    { name: 'an empty token', token: '' },
    { name: 'a wrong token', token: `${TOKEN.slice(0, -1)}!` },
    { name: 'a token and more', token: `${TOKEN}=` },
    { name: 'two tokens', token: [TOKEN, TOKEN] },
    { name: 'the token of another session', token: csrfToken('b'.repeat(43)) },
    { name: 'the secret as its token', token: SECRET },
    { name: 'another origin', origin: 'https://evil.example' },
    { name: 'another origin with the same beginning', origin: `${PUBLIC_URL}.evil.example` },
    { name: 'another port', origin: 'http://127.0.0.1:8081' },
    { name: 'the public origin without TLS', origin: 'http://tributary.example' },
    { name: 'the origin null', origin: 'null' },
    { name: 'an empty origin', origin: '' },
    { name: 'an origin of another scheme', origin: `ftp://${HOST}` },
    { name: 'another site', site: 'cross-site' },
    { name: 'a neighbour on the same site', site: 'same-site' },
    { name: 'no site at all', site: 'none' },
    { name: 'our origin and another site', origin: PUBLIC_URL, site: 'cross-site' },
  ];
  it.each(refused)('is refused with $name', (one) => {
    expect(check(one)).toThrow(expect.objectContaining({ code: 'csrf_refused' }));
  });
});

it('is derived from the secret in one direction, the same each time', () => {
  expect(TOKEN).toMatch(/^[\w-]{43}$/);
  expect(csrfToken(SECRET)).toBe(TOKEN);
  expect(TOKEN).not.toContain(SECRET.slice(0, 10));
});
