import { describe, expect, it } from 'vitest';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { Account } from './account.ts';
import { Book, type StoredRecord } from './book.ts';

// Real: the account. The clock is fixed, so every change has to find a time of its own.

const NOW_MS = 1_768_472_430_123;

function account(seed: number): Account {
  const named = (name: string, outcome: 'open' | 'won' | 'lost') => ({
    display_value: name,
    actual_value: name,
    outcome,
  });
  const stages = [named('Open', 'open'), named('Won', 'won'), named('Lost', 'lost')];
  return new Account({ stages, random: seededRandom(seed), nowMs: () => NOW_MS });
}

describe('the account', () => {
  it('tells of changes in the order of time, and never of a deleted record again', () => {
    const one = account(5);
    const deleted = new Set<string>();
    let lastMs = 0;
    for (let index = 0; index < 3_000; index += 1) {
      const { atMs, operation, records } = one.change();
      expect(atMs).toBeGreaterThan(lastMs);
      lastMs = atMs;
      expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
      for (const { id } of records) {
        expect(id).toMatch(/^\d{19}$/);
        expect(deleted).not.toContain(id);
        if (operation === 'delete') deleted.add(id);
      }
    }
    expect(deleted.size).toBeGreaterThan(50);
    const held = Object.values(one.records()).flatMap((module) => Object.keys(module));
    expect(held.filter((id) => deleted.has(id))).toEqual([]);
  });

  it('changes a record at most once a second by workflow, which states seconds', () => {
    const one = account(3);
    const seen = new Set<string>();
    for (let index = 0; index < 500; index += 1) {
      const { atMs, records } = one.change('deal.workflow.update');
      const change = `${Math.floor(atMs / 1000)}/${records[0]?.id}`;
      expect(seen).not.toContain(change);
      seen.add(change);
    }
  });

  it('ends a deal once the same way', () => {
    const one = account(4);
    const ends = Array.from({ length: 200 }, () => one.change('deal.won').records[0]?.id);
    expect(new Set(ends).size).toBe(200);
  });

  it('knows no other kind of change', () => {
    expect(() => account(1).change('deal.levitation')).toThrow(InvalidRequest);
  });
});

describe('a book', () => {
  const record = (id: string): StoredRecord => ({
    id,
    values: {},
    changedAtMs: 0,
    ending: undefined,
  });

  it('forgets what was removed, and nothing else', () => {
    const book = new Book();
    const all = Array.from({ length: 20 }, (_, index) => record(String(index)));
    for (const one of all) book.add(one);
    for (const id of ['0', '19', '7', '7', '18']) book.remove(record(id));
    const left = Object.keys(book.values()).map(Number);
    expect(left.sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
    ]);
    for (const one of all) book.remove(one);
    expect(book.size).toBe(0);
    expect(book.draw(seededRandom(1), () => true)).toBeUndefined();
  });
});
