// Dead letters and stopped consumers by the command line, as docs/operations.md says. Real: the server
// with two more consumers, signed webhooks, each command a process.
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '#platform/config/config.ts';
import { freePort } from '#platform/testing/server-process.ts';
import { GiveUp, StopTheLine } from '#services/consumers/failures.ts';
import { startServer } from '#services/main.ts';
import { Product } from './product.ts';

const within = { timeout: 30_000, interval: 500 };
const TOKEN = 'a-token-of-at-least-twenty-letters';

let stack: AsyncDisposableStack;
let product: Product;
let env: Record<string, string>;
const state = { broken: true, unsafe: false };
const handled: string[] = [];

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
  env = {
    TRIBUTARY_PORT: String(await freePort()),
    TRIBUTARY_DATA_DIR: join(product.dir, 'data'),
    TRIBUTARY_KEY_DIR: join(product.dir, 'keys'),
    TRIBUTARY_API_TOKEN: TOKEN,
  };
  const server = await startServer({
    config: readConfig(env),
    logger: pino({ level: 'silent' }),
    consumers: [
      {
        name: 'billing',
        handle: async (event) => {
          if (state.broken) throw new GiveUp('unknown_currency');
          handled.push(event.event_id);
        },
      },
      {
        name: 'books',
        handle: async () => {
          if (state.unsafe) throw new StopTheLine('books_do_not_balance');
        },
      },
    ],
  });
  stack.defer(() => server.close());
  await product.run(['connections', 'add', 'hubspot', '--secret-stdin'], {
    env,
    stdin: 'the-hubspot-client-secret\n',
  });
}, 120_000);
afterAll(() => stack.disposeAsync());

const run = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await product.run(args, { env });
  return { exitCode, stdout, stderr };
};
const json = async (...args: string[]) => JSON.parse((await run(...args)).stdout);
const letters = async (...filters: string[]) =>
  (await json('dead-letters', 'list', '--json', ...filters)).dead_letters;

it('lists, shows, retries and drops what a consumer gave up', async () => {
  await run('send', 'hubspot', 'deal.won');
  await run('send', 'hubspot', 'deal.won');
  await expect.poll(() => letters('--state', 'open'), within).toHaveLength(4);
  const table = await run('dead-letters', 'list', '--type', 'deal.won', '--consumer', 'billing');
  expect(table.stdout).toMatch(
    /^LAST FAILED +CONSUMER +STATE +ATTEMPTS +REASON +TYPE +ENTITY +ID\n/,
  );
  expect(table.stdout.match(/GiveUp unknown_currency/g)).toHaveLength(2);

  const [won] = await letters('--type', 'deal.won');
  expect(await json('dead-letters', 'show', won.id)).toMatchObject({
    event: { event_id: won.event_id, event_type: 'deal.won' },
    history: [{ reason: 'GiveUp unknown_currency' }],
  });
  const dropped = await run('dead-letters', 'drop', won.id, '--reason', 'a test order');
  expect(JSON.parse(dropped.stdout)).toEqual({ id: won.id, consumer: 'billing', state: 'dropped' });

  state.broken = false;
  const retried = await run(
    'dead-letters',
    'retry',
    '--all',
    '--failure',
    'GiveUp unknown_currency',
  );
  expect(retried).toMatchObject({ exitCode: 0, stdout: '3 retried\n' });
  await expect.poll(() => letters('--state', 'resolved'), within).toHaveLength(3);
  expect(new Set(handled).size).toBe(3);
  expect(await letters('--state', 'open')).toEqual([]);
}, 120_000);

it('lists a consumer that has stopped, and lets it go on', async () => {
  state.unsafe = true;
  await run('send', 'hubspot', 'deal.won');
  const books = async () =>
    (await json('consumers', 'list', '--json')).find(
      ({ name }: { name: string }) => name === 'books',
    );
  await expect.poll(books, within).toMatchObject({
    state: 'stopped',
    stopped_reason: 'StopTheLine books_do_not_balance',
    backlog_messages: 2,
  });
  expect((await run('consumers', 'list')).stdout).toMatch(/resolver +running +0/);
  state.unsafe = false;
  expect(await json('consumers', 'resume', 'books')).toEqual({ name: 'books', state: 'running' });
  await expect.poll(books, within).toMatchObject({ state: 'running', backlog_messages: 0 });
}, 120_000);

const usage: readonly { name: string; args: readonly string[]; exitCode: number; says: RegExp }[] =
  [
    { name: 'neither one nor all', args: ['retry'], exitCode: 2, says: /by its id, or all/ },
    { name: 'one and all', args: ['retry', 'x', '--all'], exitCode: 2, says: /by its id, or all/ },
    { name: 'filters without --all', args: ['retry', '--type', 'a.b'], exitCode: 2, says: /--all/ },
    { name: 'no reason to drop', args: ['drop', 'x'], exitCode: 2, says: /--reason/ },
    { name: 'an id there is not', args: ['retry', 'x'], exitCode: 1, says: /\[not_found\]/ },
  ];
it('says what is right when the usage is wrong', async () => {
  const runs = await Promise.all(usage.map(({ args }) => run('dead-letters', ...args)));
  for (const [index, { name, exitCode, says }] of usage.entries()) {
    expect([name, runs[index]?.exitCode]).toEqual([name, exitCode]);
    expect(runs[index]?.stderr).toMatch(says);
  }
}, 60_000);
