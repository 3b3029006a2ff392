import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidRequest, JobNotFound, NotAuthenticated } from '#schemas/problems.ts';
import type { JobSpec, Scheduler } from './scheduler.ts';
import { startTaskTarget, type TaskTarget } from './task-target.ts';
import { createTaskTokenVerifier, type TaskTokenExpectation } from './task-token.ts';

/** A scheduler whose jobs call the target it was made for. */
export interface SchedulerHarness {
  readonly scheduler: Scheduler;
  /** What the tokens of its calls are to hold. */
  readonly expected: TaskTokenExpectation;
  /** The shortest wait before a retry that the driver allows. */
  readonly minBackoffMs: number;
  /** Opens the same scheduler again, as after a restart. */
  reopen(): Promise<Scheduler>;
  dispose(): Promise<void>;
}

const VALID: JobSpec = { name: 'relay', schedule: '*/5 * * * *', task: 'relay' };

const INVALID: readonly { readonly name: string; readonly change: Partial<JobSpec> }[] = [
  { name: 'an empty name', change: { name: '' } },
  { name: 'a name with a slash', change: { name: 'a/b' } },
  { name: 'no schedule', change: { schedule: '' } },
  { name: 'words for a schedule', change: { schedule: 'every 5 minutes' } },
  { name: 'six fields', change: { schedule: '0 */5 * * * *' } },
  { name: 'a minute past 59', change: { schedule: '60 * * * *' } },
  { name: 'a nickname', change: { schedule: '@daily' } },
  { name: 'an extension of some crons', change: { schedule: '0 0 L * *' } },
  { name: 'an open list', change: { schedule: '1, * * * *' } },
  { name: 'a day that never comes', change: { schedule: '0 0 30 2 *' } },
  { name: 'an unknown time zone', change: { timeZone: 'Mars/Olympus' } },
  { name: 'a task that leaves its path', change: { task: '../v1/connections' } },
  { name: 'too many retries', change: { maxRetries: 6 } },
  { name: 'negative retries', change: { maxRetries: -1 } },
  { name: 'no wait before a retry', change: { minBackoffMs: 0 } },
  { name: 'a body that is not JSON', change: { body: { n: 1n } } },
];

const VALID_SCHEDULES = ['* * * * *', '0 3 * * MON-FRI', '0,30 9-17/2 1 JAN,jul *', '5 0 29 2 *'];

/**
 * What every Scheduler does. Real: the driver, HTTP on the loopback interface, the tokens. The
 * clock is not moved here: when jobs come due is for each driver's own tests.
 *
 * @param makeHarness called once, with the origin that jobs are to call
 */
export function describeScheduler(
  name: string,
  makeHarness: (baseUrl: string) => Promise<SchedulerHarness>,
): void {
  describe(`scheduler conformance: ${name}`, () => {
    let target: TaskTarget;
    let harness: SchedulerHarness;
    let scheduler: Scheduler;
    beforeAll(async () => {
      target = await startTaskTarget();
      harness = await makeHarness(target.url);
      scheduler = harness.scheduler;
    });
    afterAll(async () => {
      await harness.dispose();
      await target.close();
    });
    beforeEach(() => target.answerBy(() => 200));

    const find = async (job: string) => (await scheduler.list()).find((one) => one.name === job);

    it('calls the task with its body and a token the verifier accepts', async () => {
      await scheduler.upsert({ ...VALID, name: 'call', task: 'do_it', body: { tenant: 'acmé' } });
      await scheduler.run('call');
      await expect.poll(() => target.calls).toHaveLength(1);
      const [call] = target.calls;
      expect(call).toMatchObject({ method: 'POST', url: '/tasks/do_it' });
      expect(call?.headers['content-type']).toMatch(/^application\/json\b/);
      expect(JSON.parse(call?.body ?? '')).toEqual({ tenant: 'acmé' });
      const verify = createTaskTokenVerifier(harness.expected);
      await verify(call?.headers.authorization);
    });

    it.each(['issuer', 'audience', 'email'] as const)(
      'binds its token to the %s',
      async (claim) => {
        await scheduler.upsert({ ...VALID, name: 'bound' });
        await scheduler.run('bound');
        await expect.poll(() => target.calls).toHaveLength(1);
        const verify = createTaskTokenVerifier({ ...harness.expected, [claim]: 'https://other' });
        await expect(verify(target.calls[0]?.headers.authorization)).rejects.toThrow(
          NotAuthenticated,
        );
      },
    );

    it('sends an empty object when a job has no body', async () => {
      await scheduler.upsert({ ...VALID, name: 'bodiless' });
      await scheduler.run('bodiless');
      await expect.poll(() => target.calls.map((call) => call.body)).toEqual(['{}']);
    });

    it('tells how the last attempt went', async () => {
      await scheduler.upsert({ ...VALID, name: 'told', maxRetries: 0 });
      expect((await find('told'))?.lastAttempt).toBeUndefined();
      target.answerBy(() => 503);
      await scheduler.run('told');
      await expect
        .poll(() => find('told'))
        .toMatchObject({ lastAttempt: { status: 503, atMs: expect.any(Number) } });
    });

    it.each([
      { name: 'a server error', status: 500 },
      { name: 'a refusal', status: 404 },
      { name: 'a redirect, which is not followed', status: 307 },
    ])('tries again after $name', async ({ status }) => {
      const { minBackoffMs } = harness;
      await scheduler.upsert({ ...VALID, name: 'retried', maxRetries: 2, minBackoffMs });
      target.answerBy(() => (target.calls.length < 3 ? status : 204));
      await scheduler.run('retried');
      await expect
        .poll(() => find('retried'), { timeout: 10 * minBackoffMs + 5_000 })
        .toMatchObject({ lastAttempt: { status: 204 } });
      expect(target.calls.map((call) => call.url)).toEqual(Array(3).fill('/tasks/relay'));
    });

    it('runs a paused job when it is asked to, and keeps it paused', async () => {
      await scheduler.upsert({ ...VALID, name: 'paused' });
      await scheduler.pause('paused');
      await scheduler.run('paused');
      await expect.poll(() => target.calls).toHaveLength(1);
      await scheduler.upsert({ ...VALID, name: 'paused', schedule: '0 4 * * *' });
      expect(await find('paused')).toMatchObject({ state: 'paused', schedule: '0 4 * * *' });
      await scheduler.resume('paused');
      expect(await find('paused')).toMatchObject({ state: 'enabled' });
    });

    it('pauses and resumes any number of times', async () => {
      await scheduler.upsert({ ...VALID, name: 'again' });
      await scheduler.resume('again');
      await scheduler.pause('again');
      await scheduler.pause('again');
      expect(await find('again')).toMatchObject({ state: 'paused' });
    });

    it.each(INVALID)('refuses $name', async ({ change }) => {
      const count = (await scheduler.list()).length;
      await expect(scheduler.upsert({ ...VALID, name: 'new', ...change })).rejects.toThrow(
        InvalidRequest,
      );
      expect(await scheduler.list()).toHaveLength(count);
    });

    it.each(VALID_SCHEDULES)('takes the schedule %s', async (schedule) => {
      await scheduler.upsert({ ...VALID, name: 'valid', schedule, timeZone: 'Europe/Berlin' });
      expect(await find('valid')).toMatchObject({ schedule, timeZone: 'Europe/Berlin' });
    });

    it('deletes a job for good', async () => {
      await scheduler.upsert({ ...VALID, name: 'deleted' });
      await scheduler.pause('deleted');
      await scheduler.delete('deleted');
      expect(await find('deleted')).toBeUndefined();
      await scheduler.upsert({ ...VALID, name: 'deleted' });
      expect(await find('deleted')).toMatchObject({ state: 'enabled' });
    });

    it('says that there is no such job', async () => {
      for (const act of ['pause', 'resume', 'run', 'delete'] as const) {
        await expect(scheduler[act]('nowhere')).rejects.toThrow(JobNotFound);
      }
    });

    it('keeps a job paused over a restart', async () => {
      await scheduler.upsert({ ...VALID, name: 'stays' });
      await scheduler.upsert({ ...VALID, name: 'goes-on' });
      await scheduler.pause('stays');
      await scheduler.close();
      const reopened = await harness.reopen();
      await reopened.upsert({ ...VALID, name: 'stays' });
      await reopened.upsert({ ...VALID, name: 'goes-on' });
      const states = new Map((await reopened.list()).map((job) => [job.name, job.state]));
      expect([states.get('stays'), states.get('goes-on')]).toEqual(['paused', 'enabled']);
      await reopened.close();
    });
  });
}
