import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookRequest } from '../adapter.ts';

export interface Receiver {
  readonly url: string;
  readonly received: WebhookRequest[];
  /** Most requests that were open at once. */
  readonly mostOpen: () => number;
  close(): Promise<void>;
}

type Decided = number | { readonly status: number; readonly body: string } | undefined;

/** What a receiver answers, now or later; undefined never answers. */
export type Decide = (request: WebhookRequest, index: number) => Decided | Promise<Decided>;

/**
 * A webhook receiver on 127.0.0.1 that keeps what it gets.
 *
 * @param path of a connection; a secret segment may follow it
 */
export async function startReceiver(
  decide: Decide = () => 200,
  path = '/webhooks/hubspot/con_1',
): Promise<Receiver> {
  const received: WebhookRequest[] = [];
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
      const entry: WebhookRequest = {
        method: request.method ?? '',
        url: new URL(url).origin + (request.url ?? ''),
        headers: request.headers,
        body,
        receivedAtMs: Date.now(),
      };
      received.push(entry);
      void Promise.resolve(decide(entry, received.length - 1)).then((answer) => {
        if (answer === undefined) return;
        const { status, body: text } =
          typeof answer === 'number' ? { status: answer, body: 'ok' } : answer;
        // A turn later, so that requests sent together are open together.
        setImmediate(() => response.writeHead(status, { location: url }).end(text));
      });
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
