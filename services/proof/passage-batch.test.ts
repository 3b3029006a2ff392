import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Row } from '#platform/warehouse/warehouse.ts';
import { PassageBatcher } from './passage-batch.ts';

/** Pure but for timers, which are faked. Appends finish when the test says so. */
describe('PassageBatcher', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const make = () => {
    const appends: { ids: unknown[]; end: PromiseWithResolvers<void> }[] = [];
    const batcher = new PassageBatcher({
      append: (rows: readonly Row[]) => {
        const end = Promise.withResolvers<void>();
        appends.push({ ids: rows.map((row) => row.message_id), end });
        return end.promise;
      },
      maxWaitMs: 500,
      maxRows: 3,
      maxChars: 100,
    });
    const settled: string[] = [];
    const add = (id: string, chars = 1) =>
      void batcher.add({ message_id: id }, chars).then(
        () => settled.push(id),
        () => settled.push(`${id} failed`),
      );
    return { batcher, appends, add, settled, idsOf: () => appends.map(({ ids }) => ids) };
  };

  it('appends what came within the time to wait, and not before', async () => {
    const { add, idsOf } = make();
    add('a');
    await vi.advanceTimersByTimeAsync(499);
    add('b');
    expect(idsOf()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(idsOf()).toEqual([['a', 'b']]);
  });

  it('appends at once what is full by rows or by characters', async () => {
    const { add, appends, idsOf } = make();
    for (const id of ['a', 'b', 'c', 'd']) add(id);
    add('e', 100);
    expect(idsOf()).toEqual([['a', 'b', 'c']]);
    appends[0]?.end.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(idsOf()).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  it('has one append under way, and settles each row by its own', async () => {
    const { add, appends, settled } = make();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) add(id);
    expect(appends).toHaveLength(1);
    appends[0]?.end.reject(new Error('away'));
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toEqual(['a failed', 'b failed', 'c failed']);
    appends[1]?.end.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(settled.slice(3)).toEqual(['d', 'e', 'f']);
  });

  it('waits for nothing once it is told to hurry', async () => {
    const { batcher, add, appends, idsOf } = make();
    add('a');
    batcher.hurry();
    appends[0]?.end.resolve();
    await vi.advanceTimersByTimeAsync(0);
    add('b');
    expect(idsOf()).toEqual([['a'], ['b']]);
  });
});
