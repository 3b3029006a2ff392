// Real: Google's client, gRPC on the loopback interface, the stand-in for Cloud Scheduler: that it
// refuses what Google's proto refuses, so that the driver's suite proves something. The clock of
// its schedules is moved by hand, and its calls are counted instead of made.
import { CloudSchedulerClient } from '@google-cloud/scheduler';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '#platform/google/client-options.ts';
import type { TokenIssuer } from '#platform/jwt/testing/token-issuer.ts';
import type { WireJob } from './job-checks.ts';
import { JobRunner } from './job-runner.ts';
import { type CloudSchedulerServer, startCloudSchedulerServer } from './server.ts';

const PARENT = 'projects/my-project/locations/europe-west1';
const NAME = `${PARENT}/jobs/one`;
const JOB = {
  name: NAME,
  schedule: '0 0 1 1 *',
  timeZone: 'Etc/UTC',
  httpTarget: { uri: 'http://127.0.0.1:1/', httpMethod: 'POST' as const },
};

describe('stand-in for Cloud Scheduler', () => {
  let server: CloudSchedulerServer;
  let client: CloudSchedulerClient;

  beforeEach(async () => {
    server = await startCloudSchedulerServer({ projectId: 'my-project', location: 'europe-west1' });
    client = new CloudSchedulerClient(clientOptions('my-project', server.endpoint));
    await client.createJob({ parent: PARENT, job: JOB });
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  const target = (change: object) => ({ httpTarget: { ...JOB.httpTarget, ...change } });
  const retry = (retryConfig: object) => ({ retryConfig });
  it.each([
    { name: 'a name of another parent', change: { name: 'projects/p/locations/l/jobs/one' } },
    { name: 'a name with a dot', change: { name: `${PARENT}/jobs/a.b` } },
    { name: 'a name that is too long', change: { name: `${PARENT}/jobs/${'a'.repeat(501)}` } },
    { name: 'no schedule', change: { schedule: '' } },
    { name: 'six fields', change: { schedule: '0 0 0 1 1 *' } },
    { name: 'a minute past 59', change: { schedule: '60 * * * *' } },
    { name: 'an unknown time zone', change: { timeZone: 'Mars/Olympus' } },
    { name: 'no target', change: { httpTarget: null } },
    { name: 'a target without http', change: target({ uri: 'worker/tasks' }) },
    { name: 'a body with GET', change: target({ httpMethod: 'GET', body: Buffer.from('{}') }) },
    {
      name: 'an account of another project',
      change: target({ oidcToken: { serviceAccountEmail: 'a@other.iam.gserviceaccount.com' } }),
    },
    { name: 'six retries', change: retry({ retryCount: 6 }) },
    { name: 'negative retries', change: retry({ retryCount: -1 }) },
    {
      name: 'a least wait above the longest',
      change: retry({ minBackoffDuration: { seconds: 9 }, maxBackoffDuration: { seconds: 8 } }),
    },
    { name: 'a deadline of 14 s', change: { attemptDeadline: { seconds: 14 } } },
    { name: 'a deadline of over 30 min', change: { attemptDeadline: { seconds: 1_801 } } },
  ])('refuses $name', async ({ change }) => {
    const job = { ...JOB, name: `${PARENT}/jobs/two`, ...change };
    const creating = client.createJob({ parent: PARENT, job });
    await expect(creating).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it.each([[['timeZone']], [['nonsense']], [[]], [['schedule', 'http-target']]])(
    'refuses the mask %j',
    async (paths) => {
      const updating = client.updateJob({ job: JOB, updateMask: { paths } });
      await expect(updating).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    },
  );

  it('changes what the mask names, and nothing else', async () => {
    const job = {
      ...JOB,
      schedule: '1 1 1 1 *',
      timeZone: 'Europe/Berlin',
      state: 'PAUSED' as const,
    };
    const updateMask = { paths: ['time_zone', 'state'] };
    expect((await client.updateJob({ job, updateMask }))[0]).toMatchObject({
      schedule: JOB.schedule,
      timeZone: 'Europe/Berlin',
      state: 'ENABLED',
    });
  });

  it.each([
    {
      name: 'a job twice',
      code: Code.ALREADY_EXISTS,
      act: () => client.createJob({ parent: PARENT, job: JOB }),
    },
    {
      name: 'another location',
      code: Code.PERMISSION_DENIED,
      act: () => client.listJobs({ parent: 'projects/my-project/locations/us-east1' }),
    },
    {
      name: 'an unknown job',
      code: Code.NOT_FOUND,
      act: () => client.runJob({ name: `${PARENT}/jobs/two` }),
    },
    {
      name: 'resuming what is not paused',
      code: Code.FAILED_PRECONDITION,
      act: () => client.resumeJob({ name: NAME }),
    },
    {
      name: 'pausing what is paused',
      code: Code.FAILED_PRECONDITION,
      act: async () => {
        await client.pauseJob({ name: NAME });
        await client.pauseJob({ name: NAME });
      },
    },
  ])('answers to $name by code $code', async ({ code, act }) => {
    await expect(act()).rejects.toMatchObject({ code });
  });
});

describe('schedule of the stand-in', () => {
  const issuer = { sign: async () => 'token' } as unknown as TokenIssuer;
  let runner: JobRunner;
  let answers: number[];
  let calledAt: string[];

  beforeEach(() => {
    vi.useFakeTimers({
      now: new Date('2026-01-01T00:00:30Z'),
      toFake: ['setTimeout', 'clearTimeout', 'Date'],
    });
    answers = [];
    calledAt = [];
    vi.stubGlobal('fetch', async () => {
      calledAt.push(new Date().toISOString().slice(11, 19));
      return new Response(null, { status: answers.shift() ?? 200 });
    });
    runner = new JobRunner({ issuer, secondMs: 1_000, followRedirects: true });
  });
  afterEach(() => {
    runner.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const job = (change: Partial<WireJob>): WireJob => ({
    name: NAME,
    schedule: '* * * * *',
    timeZone: '',
    state: 'ENABLED',
    status: null,
    lastAttemptTime: null,
    httpTarget: { ...JOB.httpTarget, headers: {}, body: Buffer.alloc(0) },
    retryConfig: null,
    attemptDeadline: null,
    ...change,
  });
  const advance = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

  it('calls when it comes due', async () => {
    runner.schedule(job({}));
    await advance(120);
    expect(calledAt).toEqual(['00:01:00', '00:02:00']);
  });

  it.each(['PAUSED', 'UPDATE_FAILED'] as const)('does not call while %s', async (state) => {
    runner.schedule(job({ state }));
    await advance(120);
    expect(calledAt).toEqual([]);
  });

  it('retries with a doubling wait', async () => {
    answers = [500, 500, 500, 500];
    const retryConfig = {
      retryCount: 3,
      minBackoffDuration: { seconds: 2 },
      maxBackoffDuration: { seconds: 6 },
      maxDoublings: 5,
    };
    void runner.run(job({ retryConfig }));
    await advance(60);
    expect(calledAt).toEqual(['00:00:30', '00:00:32', '00:00:36', '00:00:42']);
  });
});
