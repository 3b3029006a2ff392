// Replay by the command line against a running server. Real: everything, each command a process.
// Asserted: what the bus shows, and what the commands print and exit with.
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Product, type Serving } from './product.ts';

const FROM = '2026-01-01T00:00:00Z';
const TO = '2999-01-01T00:00:00Z';
const dayAgo = () => new Date(Date.now() - 86_400_000).toISOString();

let stack: AsyncDisposableStack;
let product: Product;
let serving: Serving;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
  serving = await product.serve();
  await product.run(['connections', 'add', 'hubspot', '--secret-stdin'], {
    stdin: 'the-hubspot-client-secret\n',
  });
  const sent = await product.run(['send', 'hubspot', 'deal.won']);
  expect(JSON.parse(sent.stdout).answer).toMatchObject({ accepted: 2 });
}, 120_000);
afterAll(() => stack.disposeAsync());

const replay = (...args: string[]) => product.run(['replay', ...args]);
const range = () => ['--from', dayAgo(), '--to', TO];

describe('tributary replay', () => {
  it('estimates, publishes again, and shows the receipt', async () => {
    const dry = await replay(...range(), '--dry-run', '--json');
    expect(dry.exitCode).toBe(0);
    const zero = '0.0000';
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dry_run: true,
      events: 2,
      exceeds_max_events: false,
      cost: {
        publish_usd: zero,
        deliver_usd_per_subscription: zero,
        proof_usd: zero,
        read_usd: zero,
      },
    });

    const tail = product.start(['tail', '--json', '--count', '1']);
    const lines: string[] = [];
    createInterface({ input: tail.stdout ?? process.stdin }).on('line', (line) => lines.push(line));
    const tailEnded = new Promise((resolve) => tail.once('exit', resolve));
    await new Promise((resolve) => tail.stderr?.once('data', resolve));

    const done = await replay(...range(), '--type', 'deal.won', '--yes', '--follow', '--json');
    expect([done.exitCode, done.stderr]).toEqual([0, expect.stringContaining('1 of 1 (100 %)')]);
    const receipt = JSON.parse(done.stdout);
    expect(receipt).toMatchObject({
      state: 'finished',
      matched: 1,
      published: 1,
      mode: 'missing',
      predicate: { event_type: 'deal.won' },
      process: expect.stringContaining(`/${serving.pid}`),
    });
    expect(await tailEnded).toBe(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event_type: 'deal.won' });

    const shown = await replay('show', receipt.id, '--json');
    expect(JSON.parse(shown.stdout)).toEqual(receipt);
    const listed = await replay('list');
    expect(listed.stdout).toContain(receipt.id);
    const late = await replay('cancel', receipt.id);
    expect([late.exitCode, late.stderr]).toEqual([
      1,
      expect.stringContaining('[replay_state_conflict]'),
    ]);
  });

  it('pauses, resumes and cancels, with a saved predicate', async () => {
    const saved = await replay('save', 'deals', '--provider', 'hubspot', '--entity-type', 'deal');
    expect(JSON.parse(saved.stdout)).toMatchObject({
      name: 'deals',
      predicate: { provider: 'hubspot', entity_type: 'deal' },
    });
    // Slow enough to be found under way: one event a second.
    const made = await replay(
      ...['--predicate', 'deals', ...range(), '--rate', '1', '--consumer', 'delivery'],
      ...['--again', '--yes', '--json'],
    );
    const { id, ...rest } = JSON.parse(made.stdout);
    expect(rest).toMatchObject({
      predicate_name: 'deals',
      consumer: 'delivery',
      mode: 'again',
      rate_per_second: 1,
    });
    for (const [move, state] of [
      ['pause', /paused|finished/],
      ['resume', /waiting|running|finished/],
      ['cancel', /cancelled|finished/],
    ] as const) {
      const moved = await replay(move, id);
      expect(moved.stdout + moved.stderr).toMatch(state);
    }
  });

  const wrong: { name: string; args: string[]; exitCode: number; says: string }[] = [
    { name: 'no range', args: [], exitCode: 1, says: '[invalid_request]' },
    {
      name: 'a range of years',
      args: ['--from', '2020-01-01T00:00:00Z', '--to', TO],
      exitCode: 1,
      says: '400 days',
    },
    {
      name: 'no time',
      args: ['--from', 'yesterday', '--to', TO],
      exitCode: 1,
      says: 'received_from',
    },
    {
      name: 'more than --max',
      args: ['--from', FROM, '--to', TO, '--max', '1', '--yes'],
      exitCode: 1,
      says: '[replay_too_large]',
    },
    { name: 'a rate of nothing', args: ['--rate', '0'], exitCode: 2, says: '--rate' },
    {
      name: 'a predicate there is not',
      args: ['--predicate', 'none'],
      exitCode: 1,
      says: '[not_found]',
    },
    { name: 'no such command', args: ['stop'], exitCode: 2, says: '' },
    { name: 'an id that is none', args: ['show', 'first'], exitCode: 1, says: '[invalid_request]' },
  ];
  it.each(wrong)('ends with a message for $name', async ({ args, exitCode, says }) => {
    const ended = await replay(...args);
    expect([ended.exitCode, ended.stderr]).toEqual([exitCode, expect.stringContaining(says)]);
  });
});
