// The safety net from the command line, embedded and on gcp. Real: everything, each command a process;
// on gcp the emulators, and the recorder in the place of BigQuery subscriptions.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnCloud } from '../support/cloud.ts';
import { Product, type Serving } from './product.ts';

const TOKEN = 'a-token-of-at-least-twenty-letters';
type Env = Readonly<Record<string, string>>;

describe('reconcile, embedded', () => describeReconcile(async () => ({})));
describeOnCloud('reconcile, gcp', (cloud) => describeReconcile(() => cloud().installation()));

function describeReconcile(makeEnv: () => Promise<Env>): void {
  let stack: AsyncDisposableStack;
  let product: Product;
  let env: Env;
  let serving: Serving;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    product = await Product.inNewFolder(stack);
    env = { TRIBUTARY_API_TOKEN: TOKEN, ...(await makeEnv()) };
    serving = await product.serve(env);
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  const run = (...args: string[]) => product.run(['reconcile', ...args], { env });

  it('finds nothing to do on an installation whose sides agree', async () => {
    const add = ['connections', 'add', 'hubspot', '--secret-stdin'];
    await product.run(add, { env, stdin: 'the-hubspot-client-secret' });
    const sent = await product.run(['send', 'hubspot', 'deal.won'], { env });
    expect(JSON.parse(sent.stdout)).toMatchObject({ status: 200 });
    const { exitCode, stdout, stderr } = await run('--json');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      report: { state: 'running', publish: { republished: 0 }, append: { appended: 0 } },
    });
  }, 60_000);

  it('prints tables for people, and its history', async () => {
    const dry = await run('--dry-run');
    expect([dry.exitCode, dry.stdout]).toEqual([0, expect.stringMatching(/outbox to bus +0 +0/)]);
    const status = await run('--status');
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toMatch(/State: running/);
    expect(status.stdout).toMatch(/manual/);
  }, 60_000);

  it('says what is wrong with a range', async () => {
    const { exitCode, stderr } = await run('--from', '2020-01-01T00:00:00Z');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('[invalid_request]')]);
  }, 60_000);

  it('is run by the scheduler alone as a task', async () => {
    const answer = await fetch(`${serving.url}/tasks/reconcile`, { method: 'POST' });
    expect(answer.status).toBe(401);
  });
}
