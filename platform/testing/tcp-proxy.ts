import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Conduct, goodConduct, Lane } from './proxy-lane.ts';

export interface TcpEndpoint {
  readonly host: string;
  readonly port: number;
}

export type Direction = 'toServer' | 'toClient';

export const BOTH_WAYS: readonly Direction[] = ['toServer', 'toClient'];

/**
 * Stands between clients and their server, and misbehaves as networks and servers do. Each
 * misbehaviour holds for the connections there are and for those to come, until `heal`.
 */
export interface TcpProxy {
  /** Where clients find it. */
  readonly endpoint: TcpEndpoint;
  /** Connections from now on go there. */
  pointTo(server: TcpEndpoint): void;
  /** As a server that is gone: every connection is reset, and so is every new one. */
  refuse(): void;
  /** As a network that swallows everything: connections stay, also new ones, and nothing passes. */
  stall(directions?: readonly Direction[]): void;
  /** Whatever passes arrives so much later, in its order. */
  delay(delayMs: number, directions?: readonly Direction[]): void;
  /**
   * Flips one bit in a byte now and then.
   *
   * @param everyBytes how many bytes pass between two spoiled ones, on average
   * @param random from 0 to 1
   */
  corrupt(everyBytes: number, random?: () => number, directions?: readonly Direction[]): void;
  /**
   * Breaks the connection in the middle of what passes, now and then: as TLS does when it finds a
   * spoiled byte, which in plain text would just be other data.
   */
  sever(everyBytes: number, random?: () => number, directions?: readonly Direction[]): void;
  /** Tells the receivers of a direction that nothing more comes; the other direction goes on. */
  halfClose(directions: readonly Direction[]): void;
  /** Resets the connections there are; what was held back is lost. Faults go on. */
  drop(): void;
  /** Ends all faults. What was held back passes now; half-closed connections stay as they are. */
  heal(): void;
  close(): Promise<void>;
}

interface Link {
  readonly sockets: readonly Socket[];
  readonly lanes: readonly Lane[];
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startTcpProxy(server: TcpEndpoint): Promise<TcpProxy> {
  const conducts: Record<Direction, Conduct> = { toServer: goodConduct(), toClient: goodConduct() };
  const links = new Set<Link>();
  let target = server;
  let refusing = false;

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    near.on('error', () => undefined);
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
    // Both sides hear of it as `close` with an error; lanes pass that on as networks do.
    far.on('error', () => undefined);
    const link: Link = {
      sockets: [near, far],
      lanes: [new Lane(near, far, conducts.toServer), new Lane(far, near, conducts.toClient)],
    };
    links.add(link);
    const forget = () => {
      if (link.sockets.every(({ destroyed }) => destroyed)) links.delete(link);
    };
    for (const socket of link.sockets) socket.once('close', forget);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const change = (directions: readonly Direction[], changes: Partial<Conduct>) => {
    for (const direction of directions) Object.assign(conducts[direction], changes);
    for (const { lanes } of links) for (const lane of lanes) lane.proceed();
  };
  const drop = () => {
    for (const { lanes, sockets } of links) {
      for (const lane of lanes) lane.stop();
      for (const socket of sockets) socket.resetAndDestroy();
    }
    links.clear();
  };
  return {
    endpoint: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    pointTo: (next) => {
      target = next;
    },
    refuse: () => {
      refusing = true;
      drop();
    },
    stall: (directions = BOTH_WAYS) => change(directions, { stalled: true }),
    delay: (delayMs, directions = BOTH_WAYS) => change(directions, { delayMs }),
    corrupt: (everyBytes, random = Math.random, directions = BOTH_WAYS) =>
      change(directions, { spoil: spoiler(everyBytes, random) }),
    sever: (everyBytes, random = Math.random, directions = BOTH_WAYS) =>
      change(directions, { sever: severer(everyBytes, random) }),
    halfClose: (directions) => change(directions, { ended: true }),
    drop,
    heal: () => {
      refusing = false;
      change(BOTH_WAYS, goodConduct());
    },
    async close() {
      drop();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** Says after how many of the bytes that pass a connection breaks. */
function severer(everyBytes: number, random: () => number): Conduct['sever'] {
  const distance = () => Math.floor(random() * 2 * everyBytes);
  let left = distance();
  return (bytes) => {
    if (left >= bytes) {
      left -= bytes;
      return undefined;
    }
    const passing = left;
    left = distance();
    return passing;
  };
}

/** Flips a random bit of a byte at random distances. */
function spoiler(everyBytes: number, random: () => number): (chunk: Buffer) => Buffer {
  const distance = () => 1 + Math.floor(random() * 2 * everyBytes);
  let left = distance();
  return (chunk) => {
    if (left > chunk.length) {
      left -= chunk.length;
      return chunk;
    }
    const spoiled = Buffer.from(chunk);
    while (left <= spoiled.length) {
      const at = left - 1;
      spoiled[at] = (spoiled[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      left += distance();
    }
    left -= spoiled.length;
    return spoiled;
  };
}
