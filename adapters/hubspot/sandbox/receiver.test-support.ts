import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import type { SandboxNotification } from './account.ts';

/** A request as it arrived, with its body parsed. */
export interface Received extends WebhookRequest {
  readonly items: readonly SandboxNotification[];
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Most requests that were open at once. */
  readonly mostOpen: () => number;
  close(): Promise<void>;
}

/**
 * A webhook receiver on 127.0.0.1 that keeps what it gets.
 *
 * @param decide the status of the answer; undefined never answers
 */
export async function startReceiver(
  decide: (request: Received, index: number) => number | undefined = () => 200,
  path = '/webhooks/hubspot/con_1',
): Promise<Receiver> {
  const received: Received[] = [];
  let open = 0;
  let mostOpen = 0;
  let url = '';
  const server = createServer((request, response) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    response.on('close', () => {
      open -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const entry: Received = {
        method: request.method ?? '',
        url: new URL(url).origin + (request.url ?? ''),
        headers: request.headers,
        body,
        receivedAtMs: Date.now(),
        items: JSON.parse(body.toString('utf8') || '[]') as SandboxNotification[],
      };
      received.push(entry);
      const status = decide(entry, received.length - 1);
      // A turn later, so that requests sent together are open together.
      if (status !== undefined)
        setImmediate(() => response.writeHead(status, { location: url }).end('ok'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    url,
    received,
    mostOpen: () => mostOpen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
