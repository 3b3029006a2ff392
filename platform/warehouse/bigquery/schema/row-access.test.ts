// The predicates' answers are asserted in tests/analysts/, on both engines. Here: what BigQuery refuses
// in a row access policy, which no engine at hand knows.
import { describe, expect, it } from 'vitest';
import { ANALYST_ACCESS, CONSUMERS, LEDGER_COUNTS, TABLES } from '#schemas/tables.ts';
import { membershipPredicate, policyStatement, rowAccessPolicies } from './row-access.ts';

/** Rows of these belong to no tenant. */
const OPEN = [ANALYST_ACCESS, CONSUMERS];
const guarded = TABLES.filter((table) => !OPEN.includes(table));

describe('row access policies', () => {
  it('are on every table with rows of tenants, and not on the one they ask, which must have none', () => {
    for (const table of OPEN) expect(rowAccessPolicies(table, ['user:a@b'])).toEqual([]);
    for (const table of guarded) expect(rowAccessPolicies(table, ['user:a@b'])).toHaveLength(2);
  });

  it.each(guarded)(
    'of $name ask no other table, compare no STRUCT and use no JSON column',
    (table) => {
      const predicate = membershipPredicate(table) ?? '';
      const asked = [...predicate.matchAll(/\b(?:FROM|JOIN) (\w+)/g)].map(([, name]) => name);
      expect(new Set(asked)).toEqual(new Set([ANALYST_ACCESS.name]));
      expect(predicate).not.toMatch(/STRUCT|\)\s*,\s*\w+\)\s+IN|PARSE_JSON/i);
      expect(predicate.match(/SESSION_USER\(\)/g)).toHaveLength(
        table.tenantIn === 'tenant' ? 1 : 3,
      );
    },
  );

  it('show figures of a whole tenant to nobody who may see only a part of it', () => {
    expect(membershipPredicate(LEDGER_COUNTS)).toMatch(/access\.org_id IS NULL\n\)$/);
  });

  it.each(guarded)('of $name use columns that it has', (table) => {
    const names = table.columns.map(({ name }) => name);
    const used = { attributes: ['attributes'], tenant: ['tenant_id'], none: [] };
    const needed = table.tenantIn ? used[table.tenantIn] : ['tenant_id', 'org_id'];
    expect(names).toEqual(expect.arrayContaining(needed));
  });

  it('are granted to members in quotes that nothing breaks out of', () => {
    const policy = { table: 't', name: 'readers', grantees: ["a'b", 'c\\d'], predicate: 'TRUE' };
    expect(policyStatement(policy)).toContain("GRANT TO ('a\\'b', 'c\\\\d')");
  });
});
