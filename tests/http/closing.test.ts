// How the server ends with clients that keep their connections. Real: Fastify on a free port, raw
// sockets as clients.
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANYONE } from '#services/access/access.ts';
import { createServer } from '#services/http/server.ts';

let stack: AsyncDisposableStack;
let server: FastifyInstance;
let port: number;
/** Requests wait here until the test lets them be answered. */
let arrived: PromiseWithResolvers<void>;
let answer: PromiseWithResolvers<string>;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  arrived = Promise.withResolvers();
  answer = Promise.withResolvers();
  server = await createServer({
    logger: pino({ level: 'silent' }),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
  });
  stack.defer(() => server.close());
  server.get('/', { config: ANYONE }, async () => {
    arrived.resolve();
    return answer.promise;
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterEach(() => stack.disposeAsync());

/** Returns once the server takes no new connections. */
const isClosing = () => expect.poll(() => server.server.listening, { interval: 1 }).toBe(false);

async function closingTime(): Promise<number> {
  const startedAt = performance.now();
  await server.close();
  return performance.now() - startedAt;
}

describe('a server that closes', () => {
  it('answers the request under way, then ends the connection its client keeps', async () => {
    const agent = new Agent({ keepAlive: true });
    stack.defer(() => agent.destroy());
    const request = get({ host: '127.0.0.1', port, agent });
    const responded = once(request, 'response');
    await arrived.promise;
    const closing = closingTime();
    await isClosing();
    answer.resolve('the answer');
    const [response] = await responded;
    const parts = await response.toArray();
    expect([response.statusCode, Buffer.concat(parts).toString()]).toEqual([200, 'the answer']);
    expect(await closing).toBeLessThan(3_000);
  });

  it('lets a slow client have all of a large answer', async () => {
    const socket = connect(port, '127.0.0.1');
    stack.defer(() => void socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await arrived.promise;
    const closing = closingTime();
    await isClosing();
    const large = 'x'.repeat(20_000_000);
    answer.resolve(large);
    let bytes = 0;
    for await (const chunk of socket) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(large.length);
    expect(await closing).toBeLessThan(5_000);
  });

  it('does not wait for connections on which nothing, or half a request, was sent', async () => {
    const silent = connect(port, '127.0.0.1');
    const halting = connect(port, '127.0.0.1');
    for (const socket of [silent, halting]) {
      stack.defer(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }
    halting.write('GET / HTTP/1.1\r\nhost:');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closing = server.close();
    await isClosing();
    vi.advanceTimersByTime(5_000);
    vi.useRealTimers();
    await closing;
  });

  it('takes no new connection while it answers what is under way', async () => {
    const responded = fetch(`http://127.0.0.1:${port}/`);
    await arrived.promise;
    const closing = server.close();
    await isClosing();
    const late = connect(port, '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toThrow('ECONNREFUSED');
    answer.resolve('the answer');
    await expect((await responded).text()).resolves.toBe('the answer');
    await closing;
  });
});
