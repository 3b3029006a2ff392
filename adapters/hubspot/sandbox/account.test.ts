import { describe, expect, it } from 'vitest';
import { seededRandom, shuffled } from '#adapters/kit/sandbox/random.ts';
import type { DealPipeline } from '../deal-stages.ts';
import { RENEWALS } from '../pipelines.test-support.ts';
import { settingsSchema } from '../settings.ts';
import { makeWebhook } from '../webhook.ts';
import { Account, SANDBOX_TYPES } from './account.ts';

// Real: the account and the adapter's mapping. The clock is fixed.

function account(seed: number, dealPipelines: readonly DealPipeline[] = []): Account {
  const random = seededRandom(seed);
  return new Account({
    portalId: 33,
    appId: 44,
    dealPipelines,
    random,
    nowMs: () => 1_762_075_800_123,
  });
}

const changes = (of: Account, count: number) => Array.from({ length: count }, () => of.change());

function map(notifications: readonly unknown[]) {
  return makeWebhook(settingsSchema.parse({}))({
    method: 'POST',
    url: 'https://example.com/',
    headers: {},
    body: Buffer.from(JSON.stringify(notifications)),
    receivedAtMs: 0,
  });
}

describe('the account', () => {
  it('changes the same way for the same seed, and another way for another', () => {
    expect(changes(account(7), 500)).toEqual(changes(account(7), 500));
    expect(changes(account(7), 500)).not.toEqual(changes(account(8), 500));
  });

  it.each(SANDBOX_TYPES)('can change by %s, also when it is empty', (type) => {
    const { drafts, skipped } = map([account(1).change(type)]);
    expect(skipped).toEqual([]);
    expect(drafts.length).toBeGreaterThan(0);
  });

  it('moves deals through the stages, and amounts are decimal text', () => {
    const one = account(3);
    const seen = Array.from({ length: 400 }, () => one.change('deal.propertyChange'));
    const values = (name: string) =>
      seen.filter((item) => item.propertyName === name).map((item) => item.propertyValue);
    for (const amount of values('amount')) expect(amount).toMatch(/^\d+\.\d\d$/);
    expect(values('dealstage')).toEqual(expect.arrayContaining(['closedwon', 'closedlost']));
    expect(values('dealstage').slice(0, 3)).toEqual([
      'qualifiedtobuy',
      'presentationscheduled',
      'contractsent',
    ]);
  });

  it('moves deals through the stages of listed pipelines, the open ones first', () => {
    const one = account(3, [RENEWALS]);
    const moves = new Map<unknown, unknown[]>();
    for (let count = 0; count < 600; count += 1) {
      const { objectId, propertyName, propertyValue } = one.change('deal.propertyChange');
      if (propertyName !== 'dealstage') continue;
      moves.set(objectId, [...(moves.get(objectId) ?? []), propertyValue]);
    }
    const closed = ['1043986', '1043989', '1043987', '1043988'];
    for (const [second, end, reopened, again, ...rest] of moves.values()) {
      expect([second, reopened, again]).toEqual(['1043981', '1043980', '1043981']);
      expect(closed).toContain(end);
      expect(closed).toContain(rest[0]);
    }
    expect(new Set([...moves.values()].flat()).size).toBe(RENEWALS.stages.length);
  });

  it.each([
    ['no open stage', RENEWALS.stages.slice(2)],
    ['no closed stage', RENEWALS.stages.slice(0, 2)],
    ['nothing to win', RENEWALS.stages.slice(4)],
    ['nothing to lose', RENEWALS.stages.slice(2, 4)],
  ])('manages pipelines with %s', (_name, stages) => {
    const one = account(3, [{ id: 'p', stages }]);
    const ids = stages.map(({ id }) => id);
    for (let count = 0; count < 50; count += 1) {
      const { propertyName, propertyValue } = one.change('deal.propertyChange');
      if (propertyName === 'dealstage') expect(ids).toContain(propertyValue);
    }
  });

  it('never tells of a deleted object again, unless it is restored', () => {
    const deleted = new Set<unknown>();
    const gone = new Set<unknown>();
    for (const { subscriptionType, objectId, mergedObjectIds } of changes(account(5), 3_000)) {
      if (subscriptionType.endsWith('.restore')) deleted.delete(objectId);
      expect(deleted).not.toContain(objectId);
      expect(gone).not.toContain(objectId);
      if (subscriptionType.endsWith('.deletion')) deleted.add(objectId);
      // What was purged or merged away cannot be restored either.
      if (subscriptionType.endsWith('.privacyDeletion')) gone.add(objectId);
      for (const id of (mergedObjectIds as unknown[] | undefined) ?? []) gone.add(id);
    }
    expect(deleted.size).toBeGreaterThan(50);
  });
});

describe('seeded random numbers', () => {
  it('shuffle without loss', () => {
    const values = Array.from({ length: 100 }, (_, index) => index);
    const result = shuffled(values, seededRandom(1));
    expect(result).not.toEqual(values);
    expect([...result].sort((a, b) => a - b)).toEqual(values);
  });

  it('refuse to pick from nothing', () => {
    expect(() => seededRandom(1).pick([])).toThrow(RangeError);
  });
});
