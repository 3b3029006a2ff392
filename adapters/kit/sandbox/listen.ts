import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of a sandbox, on this machine alone. */
export interface Listening {
  readonly url: string;
  /** Ends it, and the connections that clients keep. */
  close(): Promise<void>;
}

/** @param port on 127.0.0.1; 0 takes any free one */
export async function listenOnLoopback(server: Server, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
