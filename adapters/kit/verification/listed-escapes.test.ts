import { describe, expect, it } from 'vitest';
import { decodeListedEscapes } from './listed-escapes.ts';

const cases: readonly { readonly name: string; readonly url: string; readonly decoded: string }[] =
  [
    {
      name: 'every listed escape',
      url: '/%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B',
      decoded: "/:/?@!$'()*,;",
    },
    { name: 'lower-case hex digits', url: '/a%3a%2f%3fb', decoded: '/a:/?b' },
    { name: 'the opening question mark', url: '/a?b=c', decoded: '/a?b=c' },
    { name: 'other escapes stay', url: '/a%20b%26c%3Dd%25%23', decoded: '/a%20b%26c%3Dd%25%23' },
    { name: 'no second decoding', url: '/%253A', decoded: '/%253A' },
    { name: 'multi-byte escapes stay', url: '/%E2%82%AC', decoded: '/%E2%82%AC' },
    { name: 'broken escapes stay', url: '/%3/%G1/%', decoded: '/%3/%G1/%' },
    { name: 'own properties only', url: '/%__proto__', decoded: '/%__proto__' },
  ];

describe('decodeListedEscapes', () => {
  it.each(cases)('$name', ({ url, decoded }) => {
    expect(decodeListedEscapes(url)).toBe(decoded);
  });
});
