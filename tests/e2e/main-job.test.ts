// The main job on every platform, from one file: signed webhooks in, durable events out, each once.
// Real: the product as processes of its command line. On gcp also Google's clients, against the
// Pub/Sub emulator, a BigQuery emulator, PostgreSQL, and stand-ins for Secret Manager and Scheduler.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outboxIds } from '../../cli/demo/acknowledged-events.ts';
import { eventMessages } from '../../cli/event-stream.ts';
import { createTributaryClient } from '../../client/tributary-client.ts';
import { Sender } from '../crash/sender.ts';
import { describeOnCloud } from '../support/cloud.ts';
import { Product, type Serving } from './product.ts';

const SECRET = 'the-hubspot-client-secret';
const TOKEN = 'a-token-of-at-least-twenty-letters';
const BASE = {
  TRIBUTARY_API_TOKEN: TOKEN,
  TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '1000000',
  TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000',
};
const authorization = { authorization: `Bearer ${TOKEN}` };

type Env = Readonly<Record<string, string>>;

describe('the main job, embedded', () => describeMainJob(async () => ({})));
describeOnCloud('the main job, gcp', (cloud) => describeMainJob(() => cloud().installation()));

/** @param makeEnv the environment of a new installation */
function describeMainJob(makeEnv: () => Promise<Env>): void {
  let stack: AsyncDisposableStack;
  let product: Product;
  let env: Env;
  let serving: Serving;
  let connectionId: string;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    product = await Product.inNewFolder(stack);
    env = { ...BASE, ...(await makeEnv()) };
    serving = await product.serve(env);
    connectionId = await addConnection(serving.url);
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  /** Asks again after 503, as that answer says: a busy BigQuery emulator refuses a query at times. */
  const patiently = async (request: Request, attemptsLeft = 5): Promise<Response> => {
    const answer = await fetch(request.clone());
    if (answer.status === 503 && attemptsLeft > 1) return patiently(request, attemptsLeft - 1);
    if (answer.ok) return answer;
    const output = serving.output.slice(-5).join('\n');
    throw new Error(`${answer.status} ${await answer.text()}\n${output}`);
  };
  const client = () =>
    createTributaryClient({ url: serving.url, token: TOKEN, fetch: (asked) => patiently(asked) });
  const storedIds = () => outboxIds(client());
  const webhookUrl = () =>
    `${env.TRIBUTARY_PUBLIC_URL ?? serving.url}/webhooks/hubspot/${connectionId}`;

  it('is ready, with every part it needs', async () => {
    const answer = await fetch(`${serving.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: 'ready', checks: { database: 'ok', warehouse: 'ok', bus: 'ok' } },
    ]);
  });

  it('takes a signed webhook, stores its event and shows it while it passes', async () => {
    const stream = await fetch(`${serving.url}/v1/events/stream`, { headers: authorization });
    const shown = firstEvent(stream);
    const sent = await product.run(['send', 'hubspot', 'deal.won'], { env });
    expect(JSON.parse(sent.stdout)).toMatchObject({ status: 200, answer: { accepted: 2 } });
    const query = { event_type: 'deal.won' };
    const { events } = await client().get('/v1/events', { params: { query } });
    expect(events).toMatchObject([
      { event_type: 'deal.won', connection_id: connectionId, metadata: { source: 'webhook' } },
    ]);
    expect(await shown).toMatchObject({ connection_id: connectionId });
  });

  it('answers a repetition without a second effect', async () => {
    const sender = new Sender(SECRET, 'default', connectionId);
    await sender.sendOne(webhookUrl());
    expect(sender.acknowledged.size).toBeGreaterThan(0);
    const before = await storedIds();
    await sender.repeatLast(webhookUrl());
    expect(sender.counts).toMatchObject({ requests: 2, acknowledged: 2 });
    expect(await storedIds()).toEqual(before);
  });

  it('refuses what is not signed, stores nothing of it, and says why', async () => {
    const before = await storedIds();
    const refused = await fetch(webhookUrl(), { method: 'POST', body: '[{"eventId":1}]' });
    expect([refused.status, await refused.json()]).toMatchObject([
      401,
      { code: 'webhook_not_verified' },
    ]);
    expect(await storedIds()).toEqual(before);
    const params = { query: { connection_id: connectionId } };
    await expect
      .poll(() => client().get('/v1/webhook-requests', { params }), { timeout: 10_000 })
      .toMatchObject({
        requests: expect.arrayContaining([
          expect.objectContaining({ outcome: 'rejected', reason: 'signature_missing' }),
        ]),
      });
  });

  it('lets nobody but the scheduler run tasks', async () => {
    const url = `${serving.url}/tasks/ledger-cleanup`;
    expect((await fetch(url, { method: 'POST' })).status).toBe(401);
    expect((await fetch(url, { method: 'POST', headers: authorization })).status).toBe(401);
  });

  it('keeps every acknowledged event when it is killed under load', async () => {
    const sender = new Sender(SECRET, 'default', connectionId);
    const driving = sender.drive(webhookUrl(), 8, AbortSignal.timeout(30_000));
    await expect.poll(() => sender.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(300);
    await serving.kill();
    await driving;
    serving = await product.serve(env);
    const stored = await storedIds();
    expect([...sender.acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    await sender.retryAll(webhookUrl());
    const after = await storedIds();
    expect([...sender.acknowledged].filter((id) => !after.has(id))).toEqual([]);
  }, 90_000);

  it('drains in time at SIGTERM under load, and loses nothing', async () => {
    const sender = new Sender(SECRET, 'default', connectionId);
    const driving = sender.drive(webhookUrl(), 8, AbortSignal.timeout(30_000));
    await expect.poll(() => sender.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(300);
    const { exitCode, elapsedMs } = await serving.stop();
    await driving;
    expect([exitCode, serving.output.at(-1)]).toEqual([0, expect.stringContaining('Drained')]);
    expect(elapsedMs).toBeLessThan(10_000);
    serving = await product.serve(env);
    const stored = await storedIds();
    expect([...sender.acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  }, 90_000);
}

/** The data of the first event of a stream. */
async function firstEvent({ body }: Response): Promise<unknown> {
  for await (const data of eventMessages(body)) return JSON.parse(data);
  throw new Error('the stream ended without an event');
}

async function addConnection(url: string): Promise<string> {
  const response = await fetch(`${url}/v1/connections`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json', 'x-org-id': 'platform' },
    body: JSON.stringify({ provider: 'hubspot', name: `main-${randomUUID()}`, secret: SECRET }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}
