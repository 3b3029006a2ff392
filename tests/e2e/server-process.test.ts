// The server as a process: how it starts, refuses to start, and ends.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outboxIds } from '../../cli/demo/acknowledged-events.ts';
import { createTributaryClient } from '../../client/tributary-client.ts';
import { Sender } from '../crash/sender.ts';
import { Product } from './product.ts';

const SECRET = 'the-hubspot-client-secret';
const TOKEN = 'a-token-of-at-least-twenty-letters';

let stack: AsyncDisposableStack;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
});
afterAll(() => stack.disposeAsync());

const authorization = { authorization: `Bearer ${TOKEN}` };

async function addConnection(url: string): Promise<string> {
  const response = await fetch(`${url}/v1/connections`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json', 'x-org-id': 'platform' },
    body: JSON.stringify({ provider: 'hubspot', name: 'load', secret: SECRET }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

/** Some of the cost of a start is paid once: the cases share a folder, one after the other. */
let product: Product;
const ENV = {
  TRIBUTARY_API_TOKEN: TOKEN,
  TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '1000000',
  TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000',
};

async function storedIds(url: string): Promise<Set<string>> {
  return outboxIds(createTributaryClient({ url, token: TOKEN }));
}

describe('a server', () => {
  it('drains in time under load, and nothing acknowledged is missing after a restart', async () => {
    const serving = await product.serve(ENV);
    const id = await addConnection(serving.url);
    const sender = new Sender(SECRET, 'default', id);
    const url = `${serving.url}/webhooks/hubspot/${id}`;
    const driving = sender.drive(url, 16, AbortSignal.timeout(20_000));
    await expect.poll(() => sender.acknowledged.size, { timeout: 15_000 }).toBeGreaterThan(2_000);
    // One who follows the events, and does not keep up.
    const reading = await fetch(`${serving.url}/v1/events/stream`, { headers: authorization });
    const more = sender.acknowledged.size + 1_000;
    await expect.poll(() => sender.acknowledged.size, { timeout: 15_000 }).toBeGreaterThan(more);
    const { exitCode, elapsedMs } = await serving.stop();
    await driving;
    await reading.body?.cancel().catch(() => undefined);
    expect([exitCode, serving.output.at(-1)]).toEqual([0, expect.stringContaining('Drained')]);
    expect(elapsedMs).toBeLessThan(10_000);

    const again = await product.serve(ENV);
    const stored = await storedIds(again.url);
    expect([...sender.acknowledged].filter((one) => !stored.has(one))).toEqual([]);
    await again.stop();
  }, 60_000);

  it('has its folder for itself', async () => {
    const serving = await product.serve(ENV);
    const second = await product.run(['serve']);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/Another process uses .*\[data_folder_in_use\]/);
    // The first goes on as if nothing had been.
    expect((await fetch(`${serving.url}/readyz`)).status).toBe(200);
    await expect(serving.stop()).resolves.toMatchObject({ exitCode: 0 });
  }, 30_000);

  it('says that its port is taken, and leaves the folder free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refused = await product.run(['serve'], { env: { TRIBUTARY_PORT: String(port) } });
    other.close();
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(/port is taken/)]);
    await expect((await product.serve(ENV)).stop()).resolves.toMatchObject({ exitCode: 0 });
  }, 30_000);

  const wrong: { name: string; env: Record<string, string>; says: RegExp }[] = [
    {
      name: 'a variable there is not',
      env: { TRIBUTARY_PROT: '8080' },
      says: /TRIBUTARY_PROT: there is no such variable.*\[invalid_config\]/,
    },
    {
      name: 'a port that is none',
      env: { TRIBUTARY_PORT: 'http' },
      says: /TRIBUTARY_PORT: .*\[invalid_config\]/,
    },
    {
      name: 'keys inside the data',
      env: { TRIBUTARY_DATA_DIR: 'data', TRIBUTARY_KEY_DIR: 'data/keys' },
      says: /lies inside TRIBUTARY_DATA_DIR/,
    },
  ];
  it.each(wrong)('does not start with $name', async ({ env, says }) => {
    const { exitCode, stdout, stderr } = await product.run(['serve'], { env });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(says);
  });
});

describe('without a server', () => {
  it('commands end with exit code 3 and say how to start one', async () => {
    const elsewhere = await Product.inNewFolder(stack);
    const fresh = await elsewhere.run(['events']);
    expect([fresh.exitCode, fresh.stderr]).toEqual([3, expect.stringMatching(/npm start/)]);
    const env = { TRIBUTARY_API_TOKEN: TOKEN, TRIBUTARY_PORT: '1' };
    const runs = [['events'], ['tail'], ['connections', 'list'], ['send', 'hubspot']];
    const results = await Promise.all(runs.map((args) => elsewhere.run(args, { env })));
    for (const { exitCode, stderr } of results) {
      expect([exitCode, stderr]).toEqual([
        3,
        expect.stringMatching(/No server answers.*npm start/),
      ]);
    }
  });

  it('doctor says what is wrong, and works', async () => {
    const elsewhere = await Product.inNewFolder(stack);
    const well = await elsewhere.run(['doctor'], { env: { TRIBUTARY_PORT: '1' } });
    expect(well.exitCode).toBe(0);
    expect(well.stdout).toMatch(/warning +server +nothing answers/);
    const ill = await elsewhere.run(['doctor', '--json'], { env: { TRIBUTARY_PROT: '1' } });
    expect(ill.exitCode).toBe(1);
    expect(JSON.parse(ill.stdout)).toMatchObject({
      findings: [{ check: 'configuration', level: 'missing' }],
    });
  });
});
