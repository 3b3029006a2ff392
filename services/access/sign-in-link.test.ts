import { describe, expect, it } from 'vitest';
import { CONSOLE_PATH, pathAfterSignIn } from './sign-in-link.ts';

describe('where a browser goes after it has signed in', () => {
  it.each([
    { next: '/console/connections?status=error#c1' },
    { next: '/' },
    { next: '/a/../b', leads: '/b' },
    { next: '/ä b', leads: '/%C3%A4%20b' },
    { next: '/%2f%2fevil.example' },
    { next: '/a?next=//evil.example' },
  ])('$next is a path of ours', ({ next, leads = next }) => {
    expect(pathAfterSignIn(next)).toBe(leads);
  });

  it.each([
    { name: 'nothing', next: undefined },
    { name: 'an empty text', next: '' },
    { name: 'a path without its slash', next: 'console' },
    { name: 'an address', next: 'https://evil.example/' },
    { name: 'a script', next: 'javascript:alert(1)' },
    { name: 'a host', next: '//evil.example' },
    { name: 'a host behind more slashes', next: '///evil.example' },
    { name: 'a host behind a backslash', next: '/\\evil.example' },
    { name: 'a host behind two backslashes', next: '\\\\evil.example' },
    { name: 'a backslash later on', next: '/a\\..\\\\evil.example' },
    { name: 'a host behind a tab', next: '/\t/evil.example' },
    { name: 'a host behind a line end', next: '/\r\n/evil.example' },
    { name: 'a header of its own', next: '/a\r\nset-cookie: a=b' },
    { name: 'a host left by dots', next: '/..//evil.example' },
    { name: 'a host left by more dots', next: '/a/..//evil.example' },
    { name: 'a host left by escaped dots', next: '/%2e%2e//evil.example' },
    { name: 'the character 0', next: '/\0' },
    { name: 'too long', next: `/${'x'.repeat(2_000)}` },
  ])('$name leads to the console', ({ next }) => {
    expect(pathAfterSignIn(next)).toBe(CONSOLE_PATH);
  });

  it.each(['/..//evil.example', '/console//a', '/a/b/../c', '/a?b', '/\t/evil.example', '/@evil'])(
    'leads %s to this very origin, as browsers read it',
    (next) => {
      const here = 'https://tributary.example';
      expect(new URL(pathAfterSignIn(next), `${here}/sign-in`).origin).toBe(here);
    },
  );
});
