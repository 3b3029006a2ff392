// The command line against a running server, as in README. Real: everything, each command a process.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Product, type Serving } from './product.ts';

const SECRETS = { hubspot: 'the-hubspot-client-secret', shop: 'the-signing-key-of-the-shop' };
const SETTINGS = JSON.stringify({
  definition: {
    verification: [{ scheme: 'static-token', token: { from: 'header', name: 'X-Api-Key' } }],
    extract: { eventType: '/type', entity: { id: '/id' } },
    samples: [{ name: 'order', body: { type: 'order.paid', id: '{sequence}' } }],
  },
});

let stack: AsyncDisposableStack;
let product: Product;
let serving: Serving;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
  serving = await product.serve();
});
afterAll(() => stack.disposeAsync());

const json = (text: string) => JSON.parse(text);

describe('the command line', () => {
  it('goes from a new server to an event in the outbox', async () => {
    const secretFile = join(product.dir, 'secret');
    await writeFile(secretFile, `${SECRETS.shop}\n`);
    const hubspot = product.run(['connections', 'add', 'hubspot', '--secret-stdin'], {
      stdin: `${SECRETS.hubspot}\n`,
    });
    const shop = product.run(
      ['connections', 'add', 'custom', '--name', 'shop', '--secret-file', secretFile].concat(
        '--settings',
        SETTINGS,
      ),
    );
    const added = await Promise.all([hubspot, shop]);
    expect(added.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const [connection] = added.map(({ stdout }) => json(stdout));
    expect(connection).toEqual({
      id: expect.stringMatching(/^con_/),
      provider: 'hubspot',
      name: 'hubspot',
      webhook_url: `${serving.url}/webhooks/hubspot/${connection.id}`,
    });

    const tail = product.start(['tail', '--json', '--count', '2']);
    const tailed: string[] = [];
    createInterface({ input: tail.stdout ?? process.stdin }).on('line', (line) =>
      tailed.push(line),
    );
    const tailEnded = new Promise((resolve) => tail.once('exit', resolve));
    await new Promise((resolve) => tail.stderr?.once('data', resolve));
    const sent = await product.run(['send', 'hubspot', 'deal.won']);
    expect([sent.exitCode, json(sent.stdout)]).toEqual([
      0,
      {
        sample: 'deal.won',
        connection_id: connection.id,
        status: 200,
        answer: { accepted: 2, duplicates: 0, skipped: 0 },
      },
    ]);
    expect(await tailEnded).toBe(0);

    const listed = await product.run(['events', '--type', 'deal.won', '--json']);
    const { events } = json(listed.stdout);
    expect(events).toMatchObject([{ event_type: 'deal.won', connection_id: connection.id }]);
    expect(tailed.map((line) => json(line))).toContainEqual(events[0]);
    const one = await product.run(['events', events[0].event_id]);
    expect(json(one.stdout)).toEqual({ event: events[0], outbox_rows: 1 });
    const table = await product.run(['events', '--connection', connection.id]);
    expect(table.stdout.split('\n')[0]).toMatch(/^RECEIVED +TYPE +ENTITY +PROVIDER +EVENT ID$/);
    expect(table.stdout).toContain(events[0].event_id);
  });

  it('sends the sample of a custom definition', async () => {
    const sent = await product.run(['send', 'custom', 'default']);
    expect([sent.exitCode, json(sent.stdout)]).toMatchObject([
      0,
      { status: 200, answer: { accepted: 1 } },
    ]);
  });

  it('disables a connection, so that its webhooks are refused, and enables it', async () => {
    const { stdout } = await product.run(['connections', 'list', '--json']);
    const { id } = json(stdout).find((one: { provider: string }) => one.provider === 'hubspot');
    await product.run(['connections', 'disable', id]);
    const refused = await product.run(['send', 'hubspot']);
    expect([refused.exitCode, json(refused.stdout)]).toMatchObject([
      1,
      { status: 403, answer: { code: 'connection_disabled' } },
    ]);
    const enabled = await product.run(['connections', 'enable', id]);
    expect(json(enabled.stdout)).toEqual({ id, status: 'active' });
  });

  it('finds nothing to mend in its own set-up', async () => {
    const { exitCode, stdout } = await product.run(['doctor', '--json']);
    expect(exitCode).toBe(0);
    const levels = Object.fromEntries(
      json(stdout).findings.map((one: { check: string; level: string }) => [one.check, one.level]),
    );
    expect(levels).toMatchObject({
      Node: 'ok',
      configuration: 'ok',
      'data folder': 'ok',
      'key folder': 'ok',
      'API token': 'ok',
      'public URL': 'warning',
      server: 'ok',
      connections: 'ok',
    });
  });

  it('signs a browser in, and makes, lists and revokes API keys', async () => {
    const shown = serving.output
      .find((line) => line.startsWith('Sign in'))
      ?.split(': ')
      .at(-1);
    const printed = await product.run(['sign-in', '--subject', 'jane', '--role', 'member']);
    for (const link of [shown ?? '', printed.stdout.trim()]) {
      expect(link).toContain(`${serving.url}/sign-in?link=`);
      const answer = await fetch(link, { redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console']);
    }
    const args = ['api-keys', 'create', 'nightly', '--scope', 'events:read', '--days', '9'];
    const { id, key } = json((await product.run(args)).stdout);
    const read = async () =>
      (await fetch(`${serving.url}/v1/events`, { headers: { authorization: `Bearer ${key}` } }))
        .status;
    expect(await read()).toBe(200);
    expect(json((await product.run(['api-keys', 'revoke', id])).stdout)).toEqual({
      id,
      revoked_at: expect.any(String),
    });
    expect(await read()).toBe(401);
    const { stdout } = await product.run(['api-keys', 'list']);
    expect(stdout).toMatch(new RegExp(`${id} +nightly +platform +member +events:read +revoked`));
    expect(serving.output.join()).not.toContain(key);
  });

  it('shows no secret: in no answer, no list and not in the server’s log', async () => {
    const shown = await Promise.all([
      product.run(['connections', 'list', '--json']),
      product.run(['connections', 'list']),
      product.run(['doctor']),
    ]);
    const told = [...shown.map(({ stdout, stderr }) => stdout + stderr), ...serving.output].join();
    for (const secret of Object.values(SECRETS)) expect(told).not.toContain(secret);
    // The API token is shown once, by the server that made it.
    const lists = shown.map(({ stdout }) => stdout).join();
    expect(serving.token).toMatch(/^trib_/);
    expect(lists).not.toContain(serving.token);
  });
});

const usage: readonly { name: string; args: readonly string[]; says: RegExp }[] = [
  { name: 'no command there is', args: ['nothing'], says: /unknown command 'nothing'/ },
  {
    name: 'no provider there is',
    args: ['send', 'nothing'],
    says: /Choose one of: hubspot, salesforce, zoho, zenoti, custom/,
  },
  { name: 'a count that is none', args: ['tail', '--count', 'many'], says: /whole number/ },
  { name: 'a secret from nowhere', args: ['connections', 'add', 'hubspot'], says: /--secret-file/ },
  {
    name: 'a secret as an option',
    args: ['connections', 'add', 'hubspot', '--secret=hidden-value'],
    says: /unknown option '--secret'/,
  },
  {
    name: 'a secret as an argument',
    args: ['connections', 'add', 'hubspot', 'hidden-value'],
    says: /too many arguments/,
  },
  {
    name: 'settings that are no JSON',
    args: ['connections', 'add', 'hubspot', '--secret-stdin', '--settings', '{'],
    says: /--settings is not JSON/,
  },
];

describe('wrong usage', () => {
  it('ends with exit code 2, says what is right, and shows no secret', async () => {
    const runs = usage.map(async ({ name, args, says }) => {
      const { exitCode, stdout, stderr } = await product.run(args);
      return { name, exitCode, says: says.test(stderr) ? 'as expected' : stderr, stdout, stderr };
    });
    const results = await Promise.all(runs);
    for (const result of results) {
      expect(result).toMatchObject({ exitCode: 2, says: 'as expected' });
      expect(result.stdout + result.stderr).not.toContain('hidden-value');
    }
  });
});
