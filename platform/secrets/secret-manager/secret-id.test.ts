import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '#schemas/problems.ts';
import { decodePath, encodePath, secretId, secretRef } from './secret-id.ts';

const CASES = [
  {
    ref: 'tenants/acme/connections/con_1/webhook',
    id: 'tributary_-tenants_-acme_-connections_-con__1_-webhook',
  },
  { ref: 'tenants/acme-eu/x', id: 'tributary_-tenants_-acme-eu_-x' },
  { ref: 'tenants/acme_/x', id: 'tributary_-tenants_-acme___-x' },
  { ref: 'tenants/acme/_x', id: 'tributary_-tenants_-acme_-__x' },
  { ref: 'tenants/acme/-x', id: 'tributary_-tenants_-acme_--x' },
  { ref: 'tenants/acme_-x', id: 'tributary_-tenants_-acme__-x' },
  { ref: 'Case', id: 'tributary_-Case' },
];

const path = fc.stringMatching(/^[a_/-]{0,12}$/);

describe('secret id', () => {
  it.each(CASES)('of $ref is $id, and the reverse', ({ ref, id }) => {
    expect(secretId('tributary', ref)).toBe(id);
    expect(secretRef('tributary', id)).toBe(ref);
  });

  it.each([
    { name: 'another installation', id: 'tributary-eu_-tenants_-acme' },
    { name: 'an installation whose prefix begins ours', id: 'trib_-tenants' },
    { name: 'no code: an underscore at the end', id: 'tributary_-a_' },
    { name: 'no code: an underscore before a letter', id: 'tributary_-a_b' },
    { name: 'a character of no id', id: 'tributary_-a.b' },
    { name: 'the prefix alone', id: 'tributary' },
  ])('has no reference for $name', ({ id }) => {
    expect(secretRef('tributary', id)).toBeUndefined();
  });

  it('is refused when it is longer than Secret Manager allows', () => {
    const room = 255 - 'tributary_-'.length;
    expect(secretId('tributary', 'a'.repeat(room))).toHaveLength(255);
    expect(() => secretId('tributary', 'a'.repeat(room + 1))).toThrow(InvalidRequest);
    expect(() => secretId('tributary', '_'.repeat(room / 2 + 1))).toThrow(/counts twice/);
  });
});

describe('code of a path', () => {
  it('holds only what an id may hold, and gives the path back', () => {
    fc.assert(
      fc.property(path, (one) => {
        expect(encodePath(one)).toMatch(/^[A-Za-z0-9_-]*$/);
        expect(decodePath(encodePath(one))).toBe(one);
      }),
    );
  });

  it('differs for different paths', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(encodePath(one) === encodePath(other)).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  it('begins the code of another path exactly when the path begins that path', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(encodePath(other).startsWith(encodePath(one))).toBe(other.startsWith(one));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is made of no text but codes', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a_-]{0,8}$/), (text) => {
        const decoded = decodePath(text);
        if (decoded !== undefined) expect(encodePath(decoded)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
