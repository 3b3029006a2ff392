import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksByTime, clusters } from './chunks-by-time.ts';
import { compareFrom, slices } from './windows.ts';

const HOUR_MS = 3_600_000;

/** Pure. */
describe('slices', () => {
  it('cover the range without gap or overlap, and cross no multiple of their length', () => {
    const time = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(time, time, fc.integer({ min: 1, max: 3_000 }), (fromMs, toMs, sliceMs) => {
        const all = [...slices({ fromMs, toMs }, sliceMs)];
        const ends = all.map((slice) => slice.toMs);
        const starts = all.map((slice) => slice.fromMs);
        const whole = fromMs < toMs ? [fromMs, toMs] : [undefined, undefined];
        expect([starts[0], ends.at(-1)]).toEqual(whole);
        expect(starts.slice(1)).toEqual(ends.slice(0, -1));
        for (const slice of all)
          expect(Math.floor(slice.fromMs / sliceMs)).toBe(Math.floor((slice.toMs - 1) / sliceMs));
      }),
    );
  });

  it('end at midnight UTC where they are a day long', () => {
    const fromMs = Date.UTC(2026, 0, 31, 22);
    const toMs = Date.UTC(2026, 1, 2, 1);
    const starts = [...slices({ fromMs, toMs }, 24 * HOUR_MS)].map((slice) => slice.fromMs);
    expect(starts).toEqual([fromMs, Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 2)]);
  });
});

describe('where a comparison begins', () => {
  it.each([
    { name: 'an hour before the watermark', throughMs: 10, recent: undefined, since: 0, fromMs: 9 },
    { name: 'where runs of the last hour began', throughMs: 10, recent: 2, since: 0, fromMs: 2 },
    {
      name: 'an hour before, when those began later',
      throughMs: 10,
      recent: 9.5,
      since: 0,
      fromMs: 9,
    },
    { name: 'not before proofs are complete', throughMs: 10, recent: 2, since: 9.5, fromMs: 9.5 },
  ])('is $name', ({ throughMs, recent, since, fromMs }) => {
    const progress = {
      throughMs: throughMs * HOUR_MS,
      recentThroughMs: recent === undefined ? undefined : recent * HOUR_MS,
    };
    expect(compareFrom(progress, since * HOUR_MS) / HOUR_MS).toBe(fromMs);
  });
});

describe('chunks by time', () => {
  const chunks = (times: readonly number[], size: number) =>
    [
      ...chunksByTime(
        times.map((atMs) => ({ atMs })),
        size,
      ),
    ].map((chunk) => chunk.map(({ atMs }) => atMs));

  it.each([
    { name: 'nothing', times: [], size: 2, cut: [] },
    { name: 'one chunk', times: [1, 2], size: 3, cut: [[1, 2]] },
    { name: 'chunks of the size', times: [1, 2, 3, 4, 5], size: 2, cut: [[1, 2], [3, 4], [5]] },
    { name: 'one time together', times: [1, 2, 2, 2, 3], size: 2, cut: [[1, 2, 2, 2], [3]] },
    {
      name: 'a very long time cut all the same',
      times: [1, 1, 1, 1, 1, 1],
      size: 1,
      cut: [
        [1, 1, 1, 1],
        [1, 1],
      ],
    },
  ])('are $name', ({ times, size, cut }) => {
    expect(chunks(times, size)).toEqual(cut);
  });
});

describe('clusters', () => {
  it.each([
    { name: 'nothing', times: [], cut: [] },
    { name: 'one where all lie close', times: [1, 2, 4], cut: [[1, 2, 4]] },
    {
      name: 'cut where two lie further apart',
      times: [1, 3, 6, 6],
      cut: [
        [1, 3],
        [6, 6],
      ],
    },
  ])('are $name', ({ times, cut }) => {
    const found = [
      ...clusters(
        times.map((atMs) => ({ atMs })),
        2,
      ),
    ];
    expect(found.map((cluster) => cluster.map(({ atMs }) => atMs))).toEqual(cut);
  });
});
