import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Publishing, PublishProgress } from './publish-progress.ts';

const at = (ms: number) => new Date(Date.UTC(2026, 0, 31) + ms).toISOString();

describe('publish progress', () => {
  it('knows nothing before the first batch', () => {
    expect(new PublishProgress().publishedThrough).toBeUndefined();
  });

  it('stands at the oldest batch under way, in whatever order they end', () => {
    const progress = new PublishProgress();
    const batches = [1, 2, 3].map((ms) => progress.begin(at(ms)));
    batches[2]?.succeed();
    batches[1]?.succeed();
    expect(progress.publishedThrough).toBe(at(1));
    batches[0]?.succeed();
    expect(progress.publishedThrough).toBe(at(3));
  });

  it('does not pass a failure until it is made up for', async () => {
    const progress = new PublishProgress();
    progress.begin(at(1)).fail('outbox');
    progress.begin(at(2)).succeed();
    expect(progress.publishedThrough).toBe(at(1));
    const failed = progress.heal(() => Promise.reject(new Error('the bus is away')));
    await expect(failed).rejects.toThrow('the bus is away');
    expect(progress.publishedThrough).toBe(at(1));
    const from: string[] = [];
    await progress.heal(async (since) => from.push(since));
    expect(from).toEqual([at(1)]);
    expect(progress.publishedThrough).toBe(at(2));
  });

  it('goes on from where a broken round had come, or from what failed behind it', async () => {
    const progress = new PublishProgress();
    progress.begin(at(1)).fail('outbox');
    progress.begin(at(9)).succeed();
    const breakAfter = (through: number, meanwhile = () => {}) =>
      progress.heal(async (_from, reached) => {
        reached(at(through));
        meanwhile();
        throw new Error('the bus is away');
      });
    await expect(breakAfter(4)).rejects.toThrow('the bus is away');
    expect(progress.publishedThrough).toBe(at(4));
    await expect(breakAfter(6, () => progress.miss(at(3)))).rejects.toThrow('the bus is away');
    expect(progress.publishedThrough).toBe(at(3));
  });

  it('is complete when nothing is under way and nothing failed', async () => {
    const progress = new PublishProgress();
    expect(progress.complete).toBe(true);
    const batch = progress.begin(at(1));
    expect(progress.complete).toBe(false);
    batch.fail('outbox');
    expect(progress.complete).toBe(false);
    const seen: boolean[] = [];
    await progress.heal(async () => seen.push(progress.complete));
    expect([...seen, progress.complete]).toEqual([false, true]);
  });

  it('makes up for nothing when nothing failed', async () => {
    const progress = new PublishProgress();
    progress.begin(at(1)).succeed();
    await progress.heal(() => Promise.reject(new Error('is not called')));
  });

  it('has nothing to make up for where the outbox does not hold the batch', async () => {
    const progress = new PublishProgress();
    progress.begin(at(1)).fail('nowhere');
    expect([progress.missing, progress.complete]).toEqual([false, true]);
    progress.begin(at(2)).succeed();
    expect(progress.publishedThrough).toBe(at(2));
  });

  it('remembers since when batches went to the spool, until it is asked', () => {
    const progress = new PublishProgress();
    progress.begin(at(2)).fail('spool');
    progress.begin(at(3)).fail('spool');
    expect(progress.missing).toBe(false);
    expect([progress.takeSpooledSince(), progress.takeSpooledSince()]).toEqual([at(2), undefined]);
  });

  it('goes back to what was appended to the outbox later', async () => {
    const progress = new PublishProgress();
    progress.begin(at(5)).succeed();
    progress.miss(at(3));
    expect([progress.missing, progress.publishedThrough]).toEqual([true, at(3)]);
    await progress.heal(async () => {});
    expect([progress.missing, progress.publishedThrough]).toEqual([false, at(5)]);
  });

  it('keeps open what fails while it makes up for an earlier failure', async () => {
    const progress = new PublishProgress();
    progress.begin(at(1)).fail('outbox');
    await progress.heal(async () => progress.begin(at(2)).fail('outbox'));
    progress.begin(at(3)).succeed();
    expect(progress.publishedThrough).toBe(at(2));
  });
});

interface Batch {
  readonly ms: number;
  readonly publishing: Publishing;
  state: 'under way' | 'failed' | 'on the bus';
}

type Step =
  | { readonly do: 'begin'; readonly laterMs: number }
  | { readonly do: 'end'; readonly pick: number; readonly carried: boolean }
  | { readonly do: 'start healing' }
  | { readonly do: 'end healing'; readonly carried: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('begin'), laterMs: fc.nat(2) } as const) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('end'),
        pick: fc.nat(),
        carried: fc.boolean(),
      } as const),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'start healing' } as const) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('end healing'), carried: fc.boolean() } as const),
    },
  ),
  { maxLength: 60 },
);

/** Runs the steps beside the plainest bookkeeping there is, and compares after each. */
async function compare(script: readonly Step[]): Promise<void> {
  const progress = new PublishProgress();
  const batches: Batch[] = [];
  let healing:
    | { carry: PromiseWithResolvers<boolean>; done: Promise<void>; of: Batch[] }
    | undefined;
  let nowMs = 0;
  let before = '';
  for (const step of script) {
    if (step.do === 'begin') {
      nowMs += step.laterMs;
      batches.push({ ms: nowMs, publishing: progress.begin(at(nowMs)), state: 'under way' });
    } else if (step.do === 'end') {
      const open = batches.filter(({ state }) => state === 'under way');
      const batch = open[step.pick % Math.max(1, open.length)];
      if (!batch) continue;
      if (step.carried) batch.publishing.succeed();
      else batch.publishing.fail('outbox');
      batch.state = step.carried ? 'on the bus' : 'failed';
    } else if (step.do === 'start healing' && !healing) {
      const carry = Promise.withResolvers<boolean>();
      const of = batches.filter(({ state }) => state === 'failed');
      const oldest = of[0];
      const done = progress.heal(async (from) => {
        expect(from).toBe(at(oldest?.ms ?? -1));
        if (!(await carry.promise)) throw new Error('the bus is away');
      });
      healing = { carry, of, done: done.catch(() => undefined) };
    } else if (step.do === 'end healing' && healing) {
      healing.carry.resolve(step.carried);
      await healing.done;
      if (step.carried) for (const batch of healing.of) batch.state = 'on the bus';
      healing = undefined;
    }
    const oldestMissing = batches.find(({ state }) => state !== 'on the bus');
    const through = (oldestMissing ?? batches.at(-1))?.ms;
    expect(progress.publishedThrough).toBe(through === undefined ? undefined : at(through));
    // A watermark that went back would carry again what is on the bus for sure.
    expect((progress.publishedThrough ?? '') >= before).toBe(true);
    before = progress.publishedThrough ?? '';
  }
}

describe('publish progress, any course of events', () => {
  it('stands exactly at the oldest batch that is not on the bus, and never goes back', async () => {
    await fc.assert(fc.asyncProperty(steps, compare), { numRuns: 500 });
  });
});
