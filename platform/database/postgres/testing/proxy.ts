import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ServerConnection } from '../options.ts';

/** Stands between a driver and its server, and misbehaves as networks do. */
export interface Proxy {
  readonly connection: ServerConnection;
  /** Keeps back what the server answers from now on. */
  holdAnswers(): void;
  /** Cuts every connection, without what was kept back, and lets new ones through again. */
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy(server: ServerConnection): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let holding = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const listener = createServer((near) => {
    const far = connect(server.port, server.host);
    keep(near);
    keep(far);
    near.pipe(far);
    far.on('data', (chunk) => {
      if (!holding) near.write(chunk);
    });
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    holding = false;
  };
  return {
    connection: { ...server, port: (listener.address() as AddressInfo).port },
    holdAnswers: () => {
      holding = true;
    },
    cut,
    async close() {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
}
