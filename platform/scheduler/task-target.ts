import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A small worker for tests: remembers the calls it gets and answers as it is told. */
export interface TaskTarget {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** Forgets the calls and answers by this from now on. Default: 200. */
  answerBy(answer: (call: ReceivedCall) => number | Promise<number>): void;
  close(): Promise<void>;
}

/** Starts a target on a free port of the loopback interface. */
export async function startTaskTarget(): Promise<TaskTarget> {
  let answer: (call: ReceivedCall) => number | Promise<number> = () => 200;
  let calls: ReceivedCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const call = { method, url, headers, body: Buffer.concat(chunks).toString() };
    calls.push(call);
    const status = await answer(call);
    // A redirect leads back here, where it would be seen.
    response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {});
    response.end('ignored');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get calls() {
      return calls;
    },
    answerBy(next) {
      calls = [];
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
