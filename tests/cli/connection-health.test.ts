// What `tributary connections health|logs|check` print and how they end. Real: the command as a process.
// Doubled: the server it speaks to, whose answers are given.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Product } from '../e2e/product.ts';

const TOKEN = 'a-token-of-at-least-twenty-letters';
let stack: AsyncDisposableStack;
let product: Product;
let server: Server;
let answer: object;
let asked: string[];

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
});
afterAll(() => stack.disposeAsync());

const run = (...args: string[]) => {
  asked = [];
  const { port } = server.address() as AddressInfo;
  const env = { TRIBUTARY_API_TOKEN: TOKEN, TRIBUTARY_PORT: String(port) };
  return product.run(['connections', ...args], { env });
};

const window = { checks: 12, failed: 3, uptime: '0.75', p50_ms: 120, p95_ms: 340, max_ms: 350 };
const health = {
  connection_id: 'con_1',
  status: 'failing',
  reason: 'The provider did not answer 6 times in a row.',
  interval_seconds: 300,
  last_check_at: '2026-01-31T12:00:00.000Z',
  next_check_at: '2026-01-31T12:05:00.000Z',
  circuit: { state: 'open', retry_at: '2026-01-31T12:01:00.000Z' },
  windows: [
    { window: '1h', ...window },
    { window: '24h', ...window, uptime: null, p50_ms: null },
  ],
  recent_errors: [
    { checked_at: '2026-01-31T12:00:00.000Z', code: 'provider_unavailable', detail: 'no\nanswer' },
  ],
};

describe('health', () => {
  it('prints how well it is, and fails when it is failing', async () => {
    answer = health;
    const { exitCode, stdout, stderr } = await run('health', 'con_1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Connection con_1 is failing.');
    expect(stdout).toBe(`failing: The provider did not answer 6 times in a row.
circuit open, a call may pass at 2026-01-31T12:01:00.000Z
last check 2026-01-31T12:00:00.000Z, next 2026-01-31T12:05:00.000Z, every 300 s

WINDOW  CHECKS  FAILED  UPTIME  P50 MS  P95 MS  MAX MS
1h      12      3       0.75    120     340     350
24h     12      3       -       -       340     350

FAILED AT                 CODE                  DETAIL
2026-01-31T12:00:00.000Z  provider_unavailable  no\uFFFDanswer
`);
    expect(asked).toEqual(['GET /v1/connections/con_1/health']);
  });
});

it('logs asks for what the options name', async () => {
  const line = {
    logged_at: '2026-01-31T12:00:00.000Z',
    level: 'error',
    kind: 'poll',
    code: 'gone',
  };
  answer = { logs: [{ ...line, message: 'Page 2', occurrences: 3 }], next_cursor: 'abc' };
  const options = ['--level', 'error', '--kind', 'poll', '--since', '2026-01-31T00:00:00Z'];
  const { exitCode, stdout, stderr } = await run('logs', 'con_1', ...options);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^2026-01-31T12:00:00.000Z {2}error {2}poll {2}gone {2}3 {6}Page 2$/m);
  expect(stderr).toContain('--cursor abc');
  expect(asked).toEqual([
    'GET /v1/connections/con_1/logs?limit=50&level=error&kind=poll&from=2026-01-31T00%3A00%3A00Z',
  ]);
});

describe('check', () => {
  it('of one fails when the check does', async () => {
    answer = { outcome: 'failed', code: 'credentials_refused', detail: 'Revoked.' };
    const { exitCode, stdout } = await run('check', 'con_1');
    expect([exitCode, JSON.parse(stdout)]).toEqual([1, answer]);
    expect(asked).toEqual(['POST /v1/connections/con_1/health/check']);
  });

  it('of all prints the counts', async () => {
    answer = { checked: 3, ok: 3, failed: 0, failures: [] };
    const { exitCode, stdout } = await run('check', '--all');
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, answer]);
    expect(asked).toEqual(['POST /v1/health/check']);
  });
});
