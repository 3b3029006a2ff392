// What `tributary reconcile` prints and how it ends. Real: the command as a process. Doubled: the server
// it speaks to, whose answers are given.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newReport } from '#services/reconcile/report.ts';
import { Product } from '../e2e/product.ts';

const TOKEN = 'a-token-of-at-least-twenty-letters';
let stack: AsyncDisposableStack;
let product: Product;
let server: Server;
let answer: { status: number; body: object };
let asked: { method: string | undefined; url: string | undefined; body: string }[];

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ method: request.method, url: request.url, body });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
});
afterAll(() => stack.disposeAsync());

const run = (...args: string[]) => {
  asked = [];
  const { port } = server.address() as AddressInfo;
  const env = { TRIBUTARY_API_TOKEN: TOKEN, TRIBUTARY_PORT: String(port) };
  return product.run(['reconcile', ...args], { env });
};

const report = newReport('manual', false);
const healed = {
  ...report,
  compared_from: '2026-01-31T12:00:00.000Z',
  compared_to: '2026-01-31T13:00:00.000Z',
  publish: { ...report.publish, found: 7, republished: 7, awaiting: 7 },
  append: { found: 3, appended: 3, unusable: 0 },
};
const status = {
  state: 'running',
  reason: null,
  state_since: '2026-01-31T12:00:00.000Z',
  publish: { compared_through: '2026-01-31T12:00:00.000Z', behind_seconds: 310 },
  append: { compared_through: '2026-01-31T12:00:00.000Z', behind_seconds: 310 },
  awaiting: 0,
  unproven: 0,
  unusable: 0,
  runs: [{ kind: 'deep', started_at: '2026-01-31T03:42:00.000Z', finished_at: null, report: null }],
};

describe('tributary reconcile', () => {
  it('prints what was missing and healed', async () => {
    answer = { status: 200, body: { report: healed, event_ids: { publish: [], append: [] } } };
    const { exitCode, stdout } = await run('--from', '2026-01-31T12:00:00Z');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/outbox to bus +7 +7 +7 +0\nbus to outbox +3 +3 +0 +0\n/);
    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/v1/reconcile',
        body: '{"dry_run":false,"from":"2026-01-31T12:00:00Z"}',
      },
    ]);
  });

  it.each([
    {
      name: 'it is suspended',
      change: { state: 'suspended', reason: 'no_proof_arrives' },
      says: /suspended \(no_proof_arrives\)/,
    },
    {
      name: 'events are given up',
      change: { publish: { ...healed.publish, unproven: 2 } },
      says: /2 events could not be healed/,
    },
    {
      name: 'messages are no events',
      change: { append: { found: 1, appended: 0, unusable: 1 } },
      says: /1 events could not be healed/,
    },
    {
      name: 'the bus is away',
      change: { failures: [{ direction: 'publish', code: 'bus_unavailable' }] },
      says: /\[bus_unavailable\]/,
    },
  ])('ends with 1 when $name', async ({ change, says }) => {
    answer = { status: 200, body: { report: { ...healed, ...change } } };
    const { exitCode, stderr } = await run();
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(says)]);
  });

  it.each([
    { name: 'shows the status', args: ['--status'], url: 'GET /v1/reconcile' },
    { name: 'resumes', args: ['--resume'], url: 'POST /v1/reconcile/resume' },
  ])('$name, with the latest runs', async ({ args, url }) => {
    answer = { status: 200, body: status };
    const { exitCode, stdout } = await run(...args);
    expect(asked.map((one) => `${one.method} ${one.url}`)).toEqual([url]);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/deep .*under way or killed/)]);
  });

  it('ends with 1 for a status that is suspended, also as JSON', async () => {
    answer = { status: 200, body: { ...status, state: 'suspended', reason: 'no_proof_arrives' } };
    const { exitCode, stdout } = await run('--status', '--json');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([1, { state: 'suspended' }]);
  });
});
