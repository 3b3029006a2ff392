// Real: the proxy, and sockets on both of its sides. Doubled: the server, which answers each line in
// capitals. Asserted: each misbehaviour as a client and as a server see it, and what heals it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const within = { timeout: 5_000, interval: 5 };

/** One side of a connection and all that happened to it. */
interface Side {
  readonly socket: Socket;
  text: string;
  ended: boolean;
  /** Undefined while it is open. */
  closedBy: 'end' | 'reset' | undefined;
}

function sideOf(socket: Socket): Side {
  const side: Side = { socket, text: '', ended: false, closedBy: undefined };
  socket.on('data', (chunk) => {
    side.text += chunk.toString('latin1');
  });
  socket.on('end', () => {
    side.ended = true;
  });
  socket.on('error', () => undefined);
  socket.on('close', (hadError) => {
    side.closedBy = hadError ? 'reset' : 'end';
  });
  return side;
}

describe('tcp proxy', () => {
  let server: Server;
  let served: Side[];
  let proxy: TcpProxy;
  let clients: Side[];

  beforeEach(async () => {
    served = [];
    clients = [];
    server = await serverThat((text) => text.toUpperCase());
    proxy = await startTcpProxy(endpointOf(server));
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await proxy.close();
    server.close();
  });

  async function serverThat(answer: (text: string) => string): Promise<Server> {
    const made = createServer({ allowHalfOpen: true }, (socket) => {
      const side = sideOf(socket);
      served.push(side);
      socket.on('data', (chunk) => socket.write(answer(chunk.toString('latin1')), 'latin1'));
      socket.on('end', () => socket.end());
    }).listen(0, '127.0.0.1');
    await once(made, 'listening');
    return made;
  }

  function endpointOf(one: Server) {
    return { host: '127.0.0.1', port: (one.address() as AddressInfo).port };
  }

  async function client(): Promise<Side> {
    const side = sideOf(connect({ ...proxy.endpoint, allowHalfOpen: true }));
    clients.push(side);
    await once(side.socket, 'connect').catch(() => undefined);
    return side;
  }

  /** A client whose connection has carried something already. */
  async function used(): Promise<Side> {
    const side = await client();
    side.socket.write('a');
    await expect.poll(() => side.text, within).toBe('A');
    return side;
  }

  it('passes bytes and ends in both directions', async () => {
    const side = await used();
    side.socket.write('b'.repeat(3_000_000));
    await expect.poll(() => side.text.length, within).toBe(3_000_001);
    side.socket.end();
    await expect.poll(() => side.closedBy, within).toBe('end');
    expect(served).toMatchObject([{ ended: true, closedBy: 'end' }]);
  });

  it('passes a reset on', async () => {
    const side = await used();
    side.socket.resetAndDestroy();
    await expect.poll(() => served[0]?.closedBy, within).toBe('reset');
    const other = await used();
    served[1]?.socket.resetAndDestroy();
    await expect.poll(() => other.closedBy, within).toBe('reset');
  });

  it('resets the connection when its server is not there', async () => {
    const nobody = await serverThat(String);
    const gone = endpointOf(nobody);
    nobody.close();
    await once(nobody, 'close');
    proxy.pointTo(gone);
    const side = await client();
    await expect.poll(() => side.closedBy, within).toBe('reset');
  });

  it('refuses: resets what there is and what comes, until it heals', async () => {
    const side = await used();
    proxy.refuse();
    await expect
      .poll(() => [side.closedBy, served[0]?.closedBy], within)
      .toEqual(['reset', 'reset']);
    const refused = await client();
    await expect.poll(() => refused.closedBy, within).toBe('reset');
    proxy.heal();
    await used();
  });

  it('stalls: takes connections and bytes, passes nothing, and all of it once it heals', async () => {
    const side = await used();
    proxy.stall();
    side.socket.write('b');
    const fresh = await client();
    fresh.socket.write('c');
    // Through another proxy the server answers, so it would have had the time to.
    const witness = await startTcpProxy(endpointOf(server));
    const direct = sideOf(connect(witness.endpoint.port, '127.0.0.1'));
    direct.socket.write('d');
    await expect.poll(() => direct.text, within).toBe('D');
    expect([side.text, fresh.text, side.closedBy, fresh.closedBy]).toEqual([
      'A',
      '',
      undefined,
      undefined,
    ]);
    expect(served[0]?.text).toBe('a');
    proxy.heal();
    await expect.poll(() => [side.text, fresh.text], within).toEqual(['AB', 'C']);
    direct.socket.destroy();
    await witness.close();
  });

  it('stalls one direction: the server gets it, the answer is held back', async () => {
    const side = await used();
    proxy.stall(['toClient']);
    side.socket.write('b');
    await expect.poll(() => served[0]?.text, within).toBe('ab');
    expect(side.text).toBe('A');
    proxy.heal();
    await expect.poll(() => side.text, within).toBe('AB');
  });

  it('keeps an end from the server while it stalls', async () => {
    const side = await used();
    proxy.stall();
    side.socket.destroy();
    const other = await client();
    other.socket.write('b');
    expect(served[0]?.closedBy).toBeUndefined();
    proxy.heal();
    await expect.poll(() => other.text, within).toBe('B');
    await expect.poll(() => served[0]?.closedBy, within).toBeDefined();
  });

  it('takes no more than a network holds while it stalls', async () => {
    const side = await used();
    proxy.stall();
    side.socket.write('b'.repeat(30_000_000));
    await expect.poll(() => side.socket.writableLength, within).toBeGreaterThan(10_000_000);
    proxy.heal();
    await expect.poll(() => side.text.length, { ...within, timeout: 15_000 }).toBe(30_000_001);
  }, 30_000);

  it('drops what it held back', async () => {
    const side = await used();
    proxy.stall(['toClient']);
    side.socket.write('b');
    await expect.poll(() => served[0]?.text, within).toBe('ab');
    proxy.drop();
    proxy.heal();
    await expect.poll(() => [side.text, side.closedBy], within).toEqual(['A', 'reset']);
    await used();
  });

  it('delays answers, in their order, and lets them go when it heals', async () => {
    const side = await used();
    proxy.delay(200, ['toClient']);
    const sentAtMs = performance.now();
    for (const letter of 'bcdef') side.socket.write(letter);
    await expect.poll(() => side.text, within).toBe('ABCDEF');
    expect(performance.now() - sentAtMs).toBeGreaterThan(190);
    proxy.delay(3_600_000, ['toClient']);
    side.socket.write('g');
    await expect.poll(() => served[0]?.text, within).toBe('abcdefg');
    expect(side.text).toBe('ABCDEF');
    proxy.heal();
    await expect.poll(() => side.text, within).toBe('ABCDEFG');
  });

  it('corrupts single bits at the distance asked for, the same ones for the same chance', async () => {
    const spoiled = async () => {
      let state = 1;
      const random = () => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      const side = await used();
      proxy.corrupt(1_000, random, ['toClient']);
      side.socket.write('b'.repeat(100_000));
      await expect.poll(() => side.text.length, within).toBe(100_001);
      proxy.heal();
      return side.text.slice(1);
    };
    const text = await spoiled();
    const wrong = [...text].filter((letter) => letter !== 'B');
    expect(wrong.length).toBeGreaterThan(60);
    expect(wrong.length).toBeLessThan(150);
    const bits = (letter: string) => (letter.charCodeAt(0) ^ 'B'.charCodeAt(0)).toString(2);
    expect(wrong.filter((letter) => !/^10*$/.test(bits(letter)))).toEqual([]);
    expect(await spoiled()).toBe(text);
  });

  it('severs connections in the middle of what passes, and not before', async () => {
    const side = await used();
    proxy.sever(50_000, () => 0.75, ['toClient']);
    side.socket.write('b'.repeat(70_000));
    await expect.poll(() => side.text.length, within).toBe(70_001);
    side.socket.write('c'.repeat(10_000));
    await expect.poll(() => side.ended, within).toBe(true);
    expect(side.text).toBe(`A${'B'.repeat(70_000)}${'C'.repeat(5_000)}`);
    await expect.poll(() => served[0]?.closedBy, within).toBeDefined();
    await used();
  });

  it('half-closes towards the client: it hears the end, and can still send', async () => {
    const side = await used();
    proxy.halfClose(['toClient']);
    await expect.poll(() => side.ended, within).toBe(true);
    side.socket.write('b');
    await expect.poll(() => served[0]?.text, within).toBe('ab');
    expect([side.text, side.closedBy]).toEqual(['A', undefined]);
    const fresh = await client();
    await expect.poll(() => fresh.ended, within).toBe(true);
    proxy.heal();
    await used();
  });

  it('half-closes towards the server: it hears the end, and can still answer', async () => {
    const side = await used();
    proxy.halfClose(['toServer']);
    await expect.poll(() => served[0]?.ended, within).toBe(true);
    await expect.poll(() => side.ended, within).toBe(true);
  });

  it('points new connections elsewhere, and leaves those there are', async () => {
    const side = await used();
    const next = await serverThat((text) => `[${text}]`);
    proxy.pointTo(endpointOf(next));
    const fresh = await client();
    fresh.socket.write('b');
    side.socket.write('b');
    await expect.poll(() => [fresh.text, side.text], within).toEqual(['[b]', 'AB']);
    next.close();
  });
});
