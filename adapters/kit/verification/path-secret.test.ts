import { describe, expect, it } from 'vitest';
import { pathSecret, pathSecretRefusal, withPathSecret } from './path-secret.ts';

const BASE = 'https://hooks.example.com/webhooks/salesforce/con_1';
/** Computed with openssl: HMAC-SHA256 of the label, its first 24 bytes in base64url. */
const OF_SECRET = 'XYdCdRiIaxjG6pYVvfwp3MpJKJVAAvQ8';

describe('pathSecret', () => {
  it('is what openssl computes, and needs no escape', () => {
    expect(pathSecret('a-signing-secret')).toBe(OF_SECRET);
    expect(pathSecret('zoë')).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it.each([
    [BASE, `${BASE}/${OF_SECRET}`],
    [`${BASE}?event=a/b`, `${BASE}/${OF_SECRET}?event=a/b`],
  ])('goes behind the path of %s', (url, complete) => {
    expect(withPathSecret(url, 'a-signing-secret')).toBe(complete);
  });
});

const cases: readonly {
  readonly name: string;
  readonly url: string;
  readonly secrets?: readonly string[];
  readonly refusal?: string;
}[] = [
  { name: 'the right segment', url: `${BASE}/${OF_SECRET}` },
  { name: 'the right segment before a query', url: `${BASE}/${OF_SECRET}?a=b` },
  { name: 'of the newer of two', url: `${BASE}/${OF_SECRET}`, secrets: ['a-signing-secret', 'x'] },
  { name: 'of the older of two', url: `${BASE}/${OF_SECRET}`, secrets: ['x', 'a-signing-secret'] },
  { name: 'none', url: BASE, refusal: 'path_secret_missing' },
  { name: 'an empty one', url: `${BASE}/`, refusal: 'path_secret_missing' },
  { name: 'one in the query', url: `${BASE}?x=/${OF_SECRET}`, refusal: 'path_secret_missing' },
  { name: 'one in the fragment', url: `${BASE}#/${OF_SECRET}`, refusal: 'path_secret_missing' },
  { name: 'the secret itself', url: `${BASE}/a-signing-secret`, refusal: 'path_secret_mismatch' },
  { name: 'a longer one', url: `${BASE}/${OF_SECRET}A`, refusal: 'path_secret_mismatch' },
  { name: 'a shorter one', url: `${BASE}/${OF_SECRET.slice(1)}`, refusal: 'path_secret_mismatch' },
  {
    name: 'another case',
    url: `${BASE}/${OF_SECRET.toLowerCase()}`,
    refusal: 'path_secret_mismatch',
  },
  {
    name: 'of another secret',
    url: `${BASE}/${OF_SECRET}`,
    secrets: ['x'],
    refusal: 'path_secret_mismatch',
  },
  { name: 'of no secret', url: `${BASE}/${OF_SECRET}`, secrets: [], refusal: 'secret_missing' },
  {
    name: 'of the empty secret',
    url: `${BASE}/${pathSecret('')}`,
    secrets: [''],
    refusal: 'secret_missing',
  },
];

describe('pathSecretRefusal', () => {
  it.each(cases)('$name', ({ url, secrets = ['a-signing-secret'], refusal }) => {
    expect(pathSecretRefusal(url, secrets)).toBe(refusal);
  });
});
