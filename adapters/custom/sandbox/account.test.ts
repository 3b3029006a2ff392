import { describe, expect, it } from 'vitest';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { customAdapter } from '../adapter.ts';
import { requestWith } from '../fixtures.ts';
import { SHOP_TYPES, Shop } from './account.ts';
import shop from './shop.json' with { type: 'json' };
import { spellChanges } from './spell-changes.ts';

// Real: the shop and the adapter's mapping by its definition. The clock is fixed.

const bound = customAdapter.bind({ definition: shop });
const open = (seed: number) =>
  new Shop({ random: seededRandom(seed), nowMs: () => 1_768_471_200_123 });
const changes = (of: Shop, count: number) => Array.from({ length: count }, () => of.change());
const map = (of: Parameters<typeof spellChanges>[0]) =>
  bound.webhook(requestWith(spellChanges(of).toString()));

describe('the shop', () => {
  it('changes the same way for the same seed, and another way for another', () => {
    expect(changes(open(7), 300)).toEqual(changes(open(7), 300));
    expect(changes(open(7), 300)).not.toEqual(changes(open(8), 300));
  });

  it.each(SHOP_TYPES)('can change by %s, also when it is empty', (type) => {
    const { drafts, skipped } = map([open(1).change(type)]);
    expect(skipped).toEqual([]);
    expect(drafts.map(({ eventType }) => eventType)).toEqual([type]);
  });

  it('makes every change by chance', () => {
    const one = open(3);
    const made = Array.from({ length: 6 }, () => map(changes(one, 50)).drafts).flat();
    expect(new Set(made.map(({ eventType }) => eventType))).toEqual(new Set(SHOP_TYPES));
    expect(new Set(made.map(({ dedupeKey }) => dedupeKey)).size).toBe(300);
  });

  it('creates an order, then it is paid, then refunded', () => {
    const states = new Map<string, string[]>();
    for (const { order } of changes(open(5), 2_000)) {
      if (order) states.set(order.id, [...(states.get(order.id) ?? []), order.state]);
    }
    const expected = ['created', 'paid', 'refunded'];
    for (const seen of states.values()) expect(expected.join()).toContain(seen.join());
    expect([...states.values()].filter(({ length }) => length === 3).length).toBeGreaterThan(50);
  });

  it('sends totals as numbers whose last zeros stand, and they come out so', () => {
    const one = open(9);
    const made = Array.from({ length: 45 }, () => one.change('order.created'));
    const totals = [
      ...spellChanges(made)
        .toString()
        .matchAll(/"total":(\d+\.\d\d),/g),
    ].map(([, text]) => text);
    expect(totals).toHaveLength(45);
    expect(totals.some((total) => total?.endsWith('0'))).toBe(true);
    const mapped = map(made).drafts.map(
      ({ payload }) => (payload.order as { total: unknown }).total,
    );
    expect(mapped).toEqual(totals);
  });

  it.each([
    [5, '0.05'],
    [50, '0.50'],
    [1990, '19.90'],
    [0, '0.00'],
    [1_200_000, '12000.00'],
  ])('spells %d hundredths as %s', (cents, text) => {
    const change = open(1).change('order.created');
    if (!change.order) throw new Error('no order');
    const body = spellChanges([{ ...change, order: { ...change.order, total: { cents } } }]);
    expect(body.toString()).toContain(`"total":${text},`);
  });
});
