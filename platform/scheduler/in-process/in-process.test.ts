import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidConfig, ShuttingDown } from '#schemas/problems.ts';
import { describeScheduler } from '../conformance.ts';
import { startTaskTarget } from '../task-target.ts';
import { openInProcessScheduler } from './in-process.ts';
import { openTaskSigner } from './task-signer.ts';

const IDENTITY = {
  issuer: 'https://tributary.local',
  audience: 'https://worker.tributary.local',
  email: 'scheduler@tributary.local',
};
const makeRoot = () => mkdtemp(join(tmpdir(), 'tributary-scheduler-'));

describeScheduler('in process', async (baseUrl) => {
  const root = await makeRoot();
  const signer = await openTaskSigner({ keyDir: join(root, 'keys'), ...IDENTITY });
  const open = () => openInProcessScheduler({ baseUrl, signer, dataDir: join(root, 'data') });
  const scheduler = await open();
  return {
    scheduler,
    expected: { ...IDENTITY, jwks: signer.jwks },
    minBackoffMs: 5,
    reopen: open,
    async dispose() {
      await scheduler.close();
      await rm(root, { recursive: true, force: true });
    },
  };
});

describe('in process', () => {
  let root: string;
  beforeEach(async () => {
    root = await makeRoot();
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const openSigner = () => openTaskSigner({ keyDir: join(root, 'keys'), ...IDENTITY });
  const open = async (baseUrl: string, attemptTimeoutMs = 5_000) =>
    openInProcessScheduler({
      baseUrl,
      signer: await openSigner(),
      dataDir: root,
      attemptTimeoutMs,
    });

  it('keeps its signing key for its owner alone and uses it again', async () => {
    const token = await (await openSigner()).sign(Date.now());
    const path = join(root, 'keys', 'task-signing.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { jwks } = await openSigner();
    expect((await jwtVerify(token, jwks)).payload).toMatchObject({ email_verified: true });
  });

  it('refuses a damaged key or state file, and names it', async () => {
    await writeFile(join(root, 'scheduler.json'), '{"paused":');
    await expect(open('http://127.0.0.1:1')).rejects.toThrow(/scheduler.json is damaged/);
    await openSigner();
    await writeFile(join(root, 'keys', 'task-signing.key'), 'no key');
    await expect(openSigner()).rejects.toThrow(InvalidConfig);
  });

  it('counts no answer, and one that takes too long, as status 0', async () => {
    const target = await startTaskTarget();
    target.answerBy(() => new Promise<never>(() => undefined));
    const slow = await open(target.url, 50);
    await slow.upsert({ name: 'slow', schedule: '0 0 1 1 *', task: 't', maxRetries: 0 });
    await slow.run('slow');
    expect((await slow.list())[0]?.lastAttempt?.status).toBe(0);
    await slow.close();
    await target.close();
    const away = await open(target.url);
    await away.upsert({ name: 'away', schedule: '0 0 1 1 *', task: 't', maxRetries: 0 });
    await away.run('away');
    expect((await away.list())[0]?.lastAttempt?.status).toBe(0);
    await away.close();
  });

  it('waits at close for the call under way, gives up its retries and takes nothing new', async () => {
    const target = await startTaskTarget();
    const answered = Promise.withResolvers<number>();
    target.answerBy(() => answered.promise);
    const scheduler = await open(target.url);
    await scheduler.upsert({ name: 'job', schedule: '0 0 1 1 *', task: 't', minBackoffMs: 60_000 });
    const run = scheduler.run('job');
    await expect.poll(() => target.calls).toHaveLength(1);
    let closed = false;
    const closing = scheduler.close().then(() => {
      closed = true;
    });
    await expect(scheduler.run('job')).rejects.toThrow(ShuttingDown);
    expect(closed).toBe(false);
    answered.resolve(500);
    await Promise.all([closing, run]);
    expect(target.calls).toHaveLength(1);
    await target.close();
  });
});
