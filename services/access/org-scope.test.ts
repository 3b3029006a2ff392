import { describe, expect, it } from 'vitest';
import type { Role, Scope } from './access.ts';
import { actFor } from './org-scope.ts';
import type { Identity } from './principal.ts';

const identity = (orgId: string | null, role: Role = 'owner'): Identity => ({
  tenantId: 'acme',
  orgId,
  role,
  actor: 'user jane',
});

interface Case {
  readonly name: string;
  readonly token: Identity;
  readonly scope: Scope;
  readonly header?: string;
  /** The tenant that runs the installation. Default the caller's. */
  readonly operator?: string;
  /** The organisation it acts for, or the code of the refusal. */
  readonly gives: { readonly orgId: string | null } | { readonly code: string };
}

const OWN = identity('org_1');
const PLATFORM = identity(null);

const cases: readonly Case[] = [
  { name: 'own organisation', token: OWN, scope: 'org', gives: { orgId: 'org_1' } },
  { name: 'own organisation, of a tenant', token: OWN, scope: 'tenant', gives: { orgId: 'org_1' } },
  { name: 'forged header', token: OWN, scope: 'org', header: 'org_2', gives: { orgId: 'org_1' } },
  {
    name: 'forged header, of a tenant',
    token: OWN,
    scope: 'tenant',
    header: 'org_2',
    gives: { orgId: 'org_1' },
  },
  {
    name: 'forged header to the platform level',
    token: OWN,
    scope: 'org',
    header: 'platform',
    gives: { orgId: 'org_1' },
  },
  {
    name: 'an organisation at the platform',
    token: OWN,
    scope: 'platform',
    gives: { code: 'not_permitted' },
  },
  {
    name: 'an organisation at the installation',
    token: OWN,
    scope: 'installation',
    gives: { code: 'not_permitted' },
  },
  {
    name: 'the operator at the installation',
    token: PLATFORM,
    scope: 'installation',
    gives: { orgId: null },
  },
  {
    name: 'the platform level of a customer at the installation',
    token: PLATFORM,
    scope: 'installation',
    operator: 'rival',
    gives: { code: 'not_permitted' },
  },
  { name: 'platform, no header', token: PLATFORM, scope: 'org', gives: { code: 'org_required' } },
  {
    name: 'platform, header',
    token: PLATFORM,
    scope: 'org',
    header: 'org_2',
    gives: { orgId: 'org_2' },
  },
  {
    name: 'platform level, named',
    token: PLATFORM,
    scope: 'org',
    header: 'platform',
    gives: { orgId: null },
  },
  { name: 'platform, of a tenant', token: PLATFORM, scope: 'tenant', gives: { orgId: null } },
  {
    name: 'platform, narrowed down',
    token: PLATFORM,
    scope: 'tenant',
    header: 'org_2',
    gives: { orgId: 'org_2' },
  },
  { name: 'platform at the platform', token: PLATFORM, scope: 'platform', gives: { orgId: null } },
  {
    name: 'platform at the platform, header',
    token: PLATFORM,
    scope: 'platform',
    header: 'org_2',
    gives: { orgId: null },
  },
  ...['', 'org 1', "org_1' OR true", 'org_1,org_2', 'ö', 'x'.repeat(65)].map(
    (header): Case => ({
      name: `header "${header.slice(0, 20)}"`,
      token: PLATFORM,
      scope: 'org',
      header,
      gives: { code: 'invalid_request' },
    }),
  ),
];

describe('whom a caller acts for', () => {
  it.each(cases)('$name ($scope)', ({ token, scope, header, operator = 'acme', gives }) => {
    const act = () => actFor(token, { by: 'member', scope }, header, operator);
    if ('code' in gives) expect(act).toThrow(expect.objectContaining({ code: gives.code }));
    else expect(act()).toMatchObject({ ...token, ...gives });
  });

  it.each([
    { role: 'owner', may: true },
    { role: 'administrator', may: true },
    { role: 'member', may: false },
  ] as const)('a $role manages: $may', ({ role, may }) => {
    const manage = () =>
      actFor(identity('org_1', role), { by: 'manager', scope: 'org' }, undefined, 'acme');
    if (may) expect(manage().role).toBe(role);
    else expect(manage).toThrow(expect.objectContaining({ code: 'not_permitted' }));
    expect(
      actFor(identity('org_1', role), { by: 'member', scope: 'org' }, undefined, 'acme').role,
    ).toBe(role);
  });
});
