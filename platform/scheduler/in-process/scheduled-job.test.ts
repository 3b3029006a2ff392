/** Real: croner and the job's own logic. Doubled: the clock and the HTTP call. */
import { describe, expect, it, vi } from 'vitest';
import type { JobSpec } from '../scheduler.ts';
import { backoffMs } from './backoff.ts';
import { ManualClock } from './manual-clock.ts';
import { ScheduledJob } from './scheduled-job.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A job whose calls are noted with their time and answered by `answer`. */
function makeJob(
  spec: Partial<JobSpec>,
  startAt: string,
  answer: () => Promise<number> = async () => 200,
) {
  const clock = new ManualClock(startAt);
  const calledAt: string[] = [];
  const full = { name: 'job', task: 'task', schedule: '*/15 * * * *', ...spec };
  const job = new ScheduledJob(full, 'enabled', clock, () => {
    calledAt.push(new Date(clock.nowMs()).toISOString().slice(0, 19));
    return answer();
  });
  /** Moves the clock in small steps, letting what came due go through. */
  const advance = async (ms: number, stepMs = MINUTE_MS) => {
    for (let movedMs = 0; movedMs < ms; movedMs += stepMs) {
      clock.advance(stepMs);
      await settle();
    }
  };
  return { job, clock, calledAt, advance };
}

/** Lets all promises that can go on do so. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('ScheduledJob', () => {
  it('fires when its schedule comes due, and only then', async () => {
    const { job, calledAt, advance } = makeJob({}, '2026-01-01T00:07:30Z');
    await advance(45 * MINUTE_MS);
    expect(calledAt).toEqual(['2026-01-01T00:15:00', '2026-01-01T00:30:00', '2026-01-01T00:45:00']);
    await job.stop();
  });

  it('reads its schedule in its time zone, over a change of the clocks', async () => {
    const { job, calledAt, advance } = makeJob(
      { schedule: '30 6 * * *', timeZone: 'Europe/Berlin' },
      '2026-03-28T00:00:00Z',
    );
    await advance(48 * HOUR_MS);
    expect(calledAt).toEqual(['2026-03-28T05:30:00', '2026-03-29T04:30:00']);
    await job.stop();
  });

  it('fires once for what came due while the machine slept', async () => {
    const { job, clock, calledAt, advance } = makeJob({}, '2026-01-01T00:01:00Z');
    clock.jump(5 * HOUR_MS);
    await settle();
    expect(calledAt).toEqual(['2026-01-01T05:01:00']);
    await advance(15 * MINUTE_MS);
    expect(calledAt.at(-1)).toBe('2026-01-01T05:15:00');
    await job.stop();
  });

  it('skips what comes due while a run is under way, and goes on after it', async () => {
    const slow = Promise.withResolvers<number>();
    const { job, calledAt, advance } = makeJob({}, '2026-01-01T00:00:00Z', () => slow.promise);
    await advance(40 * MINUTE_MS);
    expect(calledAt).toEqual(['2026-01-01T00:15:00']);
    slow.resolve(200);
    await advance(5 * MINUTE_MS);
    expect(calledAt).toEqual(['2026-01-01T00:15:00', '2026-01-01T00:45:00']);
    await job.stop();
  });

  it('lets a run that is asked for wait for the one under way', async () => {
    const answers = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
    let calls = 0;
    const { job, calledAt } = makeJob({}, '2026-01-01T00:00:00Z', () => {
      calls += 1;
      return answers[calls - 1]?.promise ?? Promise.resolve(200);
    });
    const first = job.run();
    const second = job.run();
    const third = job.run();
    await settle();
    expect(calledAt).toHaveLength(1);
    answers[0]?.resolve(200);
    await first;
    await settle();
    expect(calledAt).toHaveLength(2);
    answers[1]?.resolve(200);
    await Promise.all([second, third]);
    expect(calledAt).toHaveLength(3);
    await job.stop();
  });

  it('retries with a doubling wait, as often as it may, then waits for the schedule', async () => {
    const { job, calledAt, advance } = makeJob(
      { schedule: '0 * * * *', maxRetries: 3, minBackoffMs: 10_000 },
      '2026-01-01T00:59:00Z',
      async () => 500,
    );
    await advance(30 * MINUTE_MS, 1_000);
    expect(calledAt).toEqual([
      '2026-01-01T01:00:00',
      '2026-01-01T01:00:10',
      '2026-01-01T01:00:30',
      '2026-01-01T01:01:10',
    ]);
    expect(job.describe().lastAttempt?.status).toBe(500);
    await job.stop();
  });

  it('skips what comes due while it retries', async () => {
    const { job, calledAt, advance } = makeJob(
      { schedule: '* * * * *', maxRetries: 1, minBackoffMs: 150_000 },
      '2026-01-01T00:00:30Z',
      async () => 500,
    );
    await advance(3 * MINUTE_MS, 10_000);
    expect(calledAt).toEqual(['2026-01-01T00:01:00', '2026-01-01T00:03:30']);
    await job.stop();
  });

  it('does not fire while paused, nor make up for it', async () => {
    const { job, calledAt, advance } = makeJob({}, '2026-01-01T00:00:00Z');
    job.setState('paused');
    await advance(HOUR_MS);
    expect(calledAt).toEqual([]);
    await job.run();
    expect(calledAt).toEqual(['2026-01-01T01:00:00']);
    job.setState('enabled');
    await advance(15 * MINUTE_MS);
    expect(calledAt.at(-1)).toBe('2026-01-01T01:15:00');
    expect(calledAt).toHaveLength(2);
    await job.stop();
  });

  it('follows a new schedule at once', async () => {
    const { job, calledAt, advance } = makeJob({}, '2026-01-01T00:00:00Z');
    job.update({ name: 'job', task: 'task', schedule: '7 * * * *' });
    await advance(20 * MINUTE_MS);
    expect(calledAt).toEqual(['2026-01-01T00:07:00']);
    await job.stop();
  });

  it('leaves no timer behind, also in the middle of a retry', async () => {
    const { job, clock, calledAt } = makeJob({}, '2026-01-01T00:00:00Z', async () => 500);
    await job.run();
    await vi.waitFor(() => expect(clock.waiting).toBe(2));
    await job.stop();
    expect(clock.waiting).toBe(0);
    await job.run();
    expect(calledAt).toHaveLength(1);
  });
});

describe('backoffMs', () => {
  it.each([
    {
      name: "Cloud Scheduler's default",
      min: 5_000,
      series: [5_000, 10_000, 20_000, 40_000, 80_000],
    },
    { name: 'no more than five doublings', min: 1, series: [1, 2, 4, 8, 16, 32, 32] },
    { name: 'no more than an hour', min: 1_800_000, series: [1_800_000, 3_600_000, 3_600_000] },
  ])('$name', ({ min, series }) => {
    expect(series.map((_, index) => backoffMs(min, index + 1))).toEqual(series);
  });
});
