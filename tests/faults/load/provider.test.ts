// Real: the provider and HTTP. Doubled: the product, as a server that refuses and breaks off. Asserted:
// what the suite's judgement rests on, above all that changes of an entity wait for one another.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { Provider } from './provider.ts';

type Answer = { readonly status: number; readonly retryAfter?: number } | 'break off';
type Notifications = readonly { readonly eventId: number; readonly objectId: number }[];

let server: Server;
let provider: Provider;
/** Answer to the nth request, counted from 0. */
let answer: (request: number) => Answer;
let requests: Notifications[];
/** Changes that came before the change before them was acknowledged. */
let overtaken: number;
/** The change of each entity that is not acknowledged yet. */
const waiting = new Map<number, number>();

beforeEach(async () => {
  answer = () => ({ status: 200 });
  requests = [];
  overtaken = 0;
  waiting.clear();
  server = createServer((request, response) => {
    take(request).then(
      (given) => {
        if (given === 'break off') return request.socket.destroy();
        const { status, retryAfter } = given;
        return response
          .writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
          .end();
      },
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await provider.stop();
  server.closeAllConnections();
  server.close();
});

async function take(request: IncomingMessage): Promise<Answer> {
  const notifications = (await json(request)) as Notifications;
  const given = answer(requests.length);
  requests.push(notifications);
  for (const { eventId, objectId } of notifications) {
    const pending = waiting.get(objectId);
    if (pending !== undefined && pending !== eventId) overtaken += 1;
    if (given === 'break off' || given.status !== 200) waiting.set(objectId, eventId);
    else waiting.delete(objectId);
  }
  return given;
}

function start(options: { repeatShare?: number; shuffles?: boolean } = {}): Provider {
  const { port } = server.address() as AddressInfo;
  provider = new Provider({
    ...options,
    url: `http://127.0.0.1:${port}/webhooks/hubspot/con_1`,
    tenantId: 'default',
    connectionId: 'con_1',
    secret: 'a-secret',
    random: seededRandom(3),
  });
  return provider;
}

it('sends as many events as it is told, each once', async () => {
  expect(await start().send(500)).toBe(true);
  expect(await provider.settle(5_000)).toBe(true);
  const sent = requests.flat().map(({ eventId }) => eventId);
  expect(new Set(sent).size).toBe(sent.length);
  expect(provider.record.acknowledged.size).toBe(sent.length);
  expect(sent.length).toBeGreaterThanOrEqual(500);
  expect(sent.length).toBeLessThan(700);
});

it('sends again what is refused or broken off, before the next change of its entity', async () => {
  answer = (request) =>
    request % 3 === 0 ? 'break off' : { status: request % 3 === 1 ? 503 : 200, retryAfter: 0 };
  expect(await start().send(200, { atMostMs: 20_000 })).toBe(true);
  expect(overtaken).toBe(0);
  const outcomes = Object.fromEntries(provider.record.answers.before);
  expect(outcomes).toMatchObject({ '2xx': expect.any(Number), '503': expect.any(Number) });
  expect(outcomes.unanswered).toBeGreaterThan(0);
}, 30_000);

it('waits as long as Retry-After says', async () => {
  answer = (request) => (request === 0 ? { status: 503, retryAfter: 1 } : { status: 200 });
  const startedAtMs = performance.now();
  await start().send(1);
  // Between half of it and all of it, so that not all come back at once.
  expect(performance.now() - startedAtMs).toBeGreaterThan(450);
  expect(requests).toHaveLength(2);
  expect(requests[1]).toEqual(requests[0]);
});

it('gives up in time when nothing is acknowledged, and settles later', async () => {
  let down = true;
  answer = () => ({ status: down ? 503 : 200 });
  expect(await start().send(100, { atMostMs: 300 })).toBe(false);
  expect(provider.record.acknowledged.size).toBe(0);
  down = false;
  expect(await provider.settle(10_000)).toBe(true);
  expect(provider.record.acknowledged.size).toBeGreaterThan(0);
});

it('paces what it sends', async () => {
  const startedAtMs = performance.now();
  await start().send(60, { overMs: 600 });
  expect(performance.now() - startedAtMs).toBeGreaterThan(500);
});

it('repeats earlier requests without counting them as new', async () => {
  await start({ repeatShare: 0.5, shuffles: true }).send(300);
  await provider.settle(5_000);
  const sent = requests.flat().map(({ eventId }) => eventId);
  expect(new Set(sent).size).toBeLessThan(sent.length);
  expect(provider.record.acknowledged.size).toBe(new Set(sent).size);
});
