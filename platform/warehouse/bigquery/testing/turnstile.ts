// What stands in front of BigQuery's emulator where several processes use it, or lose their connections.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  Client,
  credentials,
  Server as GrpcServer,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { PlainEndpoint } from '#platform/google/client-options.ts';
import { Turns } from '#platform/warehouse/turns.ts';

const HOST = '127.0.0.1';
const SERVICE = '/google.cloud.bigquery.storage.v1.BigQueryWrite';
const NO_LIMITS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const CHANNEL = { ...NO_LIMITS, 'grpc.keepalive_time_ms': 2 ** 31 - 1 };
/** What takes longer has hung: the others are let through. */
const TURN_MS = 60_000;

const unchanged = (bytes: Buffer) => bytes;

export interface TurnstileOptions {
  /** The emulator's own. */
  readonly rest: PlainEndpoint;
  readonly storage: PlainEndpoint;
  /** Where to listen; 0 takes a free port. */
  readonly restPort: number;
  readonly storagePort: number;
}

export interface Turnstile {
  readonly restPort: number;
  readonly storagePort: number;
  stop(): Promise<void>;
}

type AppendStream = ServerDuplexStream<Buffer, Buffer>;

/**
 * Lets one append or query at a time through to the emulator, and keeps its own connections to it whole
 * whatever happens to those of the product. Measured with 0.8.1: it stops answering for good once appends
 * to several tables are under way or connections break in the midst of them; BigQuery itself does not.
 */
export async function startTurnstile(options: TurnstileOptions): Promise<Turnstile> {
  const turns = new Turns(1);
  const rest = restServer(options.rest, turns);
  await new Promise<void>((resolve) => rest.listen(options.restPort, HOST, resolve));
  const { host, port } = options.storage;
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), CHANNEL);
  const storage = storageServer(client, turns);
  const storagePort = await new Promise<number>((resolve, reject) =>
    storage.bindAsync(
      `${HOST}:${options.storagePort}`,
      ServerCredentials.createInsecure(),
      (error, taken) => (error ? reject(error) : resolve(taken)),
    ),
  );
  return {
    restPort: (rest.address() as AddressInfo).port,
    storagePort,
    async stop() {
      storage.forceShutdown();
      client.close();
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
    },
  };
}

function restServer(target: PlainEndpoint, turns: Turns): Server {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    await turns.take(async () => {
      const { status, headers, body: answer } = await ask(target, request, body);
      response.writeHead(status, headers).end(answer);
    });
  };
  return createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
}

async function ask(
  { host, port }: PlainEndpoint,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const signal = AbortSignal.timeout(TURN_MS);
  httpRequest({ host, port, method, path: url, headers, signal, agent: false }, resolve)
    .on('error', reject)
    .end(body);
  const answer = await promise;
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}

function storageServer(client: Client, turns: Turns): GrpcServer {
  const server = new GrpcServer(NO_LIMITS);
  const register = (method: string, handler: unknown, type: 'unary' | 'bidi') =>
    server.register(`${SERVICE}/${method}`, handler as never, unchanged, unchanged, type);
  const passUnary = (
    { request, metadata }: ServerUnaryCall<Buffer, Buffer>,
    reply: sendUnaryData<Buffer>,
  ) => {
    const ask = async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const path = `${SERVICE}/GetWriteStream`;
      client.makeUnaryRequest(path, unchanged, unchanged, request, metadata, (error, answer) => {
        reply(error, answer);
        resolve();
      });
      await promise;
    };
    // It throws where the client was closed before the turn came.
    turns.take(ask).catch((error) => reply(error));
  };
  register('GetWriteStream', passUnary, 'unary');
  register('AppendRows', (stream: AppendStream) => passAppends(client, stream, turns), 'bidi');
  return server;
}

/** Each request has one answer; the next request is passed on once it is there. */
function passAppends(client: Client, stream: AppendStream, turns: Turns): void {
  const path = `${SERVICE}/AppendRows`;
  const behind = client.makeBidiStreamRequest<Buffer, Buffer>(
    path,
    unchanged,
    unchanged,
    stream.metadata,
  );
  let answered = () => {};
  let open = true;
  let lastAppend: Promise<unknown> = Promise.resolve();
  const close = () => {
    open = false;
    // Also where the product's connection broke: this one ends in order, after its last answer.
    void lastAppend.then(() => behind.end());
  };
  stream.on('data', (request: Buffer) => {
    lastAppend = turns.take(async () => {
      if (!open) return;
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, TURN_MS);
        answered = () => {
          clearTimeout(late);
          resolve();
        };
        behind.write(request);
      });
    });
  });
  stream.on('end', close);
  stream.on('cancelled', close);
  stream.on('error', close);
  behind.on('data', (answer: Buffer) => {
    if (open) stream.write(answer);
    answered();
  });
  behind.on('error', (error) => {
    answered();
    if (open) stream.emit('error', error);
    open = false;
  });
  behind.on('end', () => {
    answered();
    if (open) stream.end();
  });
}
