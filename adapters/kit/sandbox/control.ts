import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { Problem } from '#schemas/problem.ts';
import { BodyTooLarge, InternalError, InvalidRequest, NotFound } from '#schemas/problems.ts';
import { type EmitOptions, emitOptionsSchema, MISBEHAVIOURS } from './emit-options.ts';
import type { SandboxStats } from './stats.ts';

export interface ControlActions {
  readonly changeTypes: readonly string[];
  /** @returns how many changes were made */
  emit(count: number, options: EmitOptions): number;
  stats(): SandboxStats;
  records(): unknown;
  activate(): void;
}

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 65_536;
const emitRequestSchema = emitOptionsSchema.extend({ count: z.int().positive() });

/**
 * Serves on 127.0.0.1: `POST /sandbox/emit {count, type?, misbehave?, delay_ms?}`, `POST
 * /sandbox/activate`, `GET /sandbox/stats`, `/sandbox/records` and `/sandbox/types`.
 *
 * @param port 0 takes any free one
 */
export async function startControlServer(
  port: number,
  actions: ControlActions,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(request, actions).then(
      ([status, body]) => send(response, status, body),
      (error: unknown) => {
        const problem =
          error instanceof Problem
            ? error
            : new InternalError('The sandbox failed.', { cause: error });
        send(response, problem.status, problem.toProblemDetails());
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  actions: ControlActions,
): Promise<[status: number, body: unknown]> {
  const path = request.url?.split('?')[0];
  switch (`${request.method} ${path}`) {
    case 'GET /sandbox/stats':
      return [200, actions.stats()];
    case 'GET /sandbox/records':
      return [200, actions.records()];
    case 'GET /sandbox/types':
      return [200, { types: actions.changeTypes, misbehave: MISBEHAVIOURS }];
    case 'POST /sandbox/activate':
      actions.activate();
      return [200, actions.stats()];
    case 'POST /sandbox/emit': {
      const { count, ...options } = parseEmit(await read(request));
      return [202, { emitted: actions.emit(count, options) }];
    }
    default:
      throw new NotFound(
        'The sandbox has POST /sandbox/emit, POST /sandbox/activate, GET /sandbox/stats, GET /sandbox/records and GET /sandbox/types.',
      );
  }
}

function parseEmit(text: string): z.infer<typeof emitRequestSchema> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequest('The body must be JSON such as {"count": 10}.', { cause });
  }
  const parsed = emitRequestSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest('The body must be JSON such as {"count": 10}.', {
    faults: parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${String(part)}`).join(''),
      message,
    })),
  });
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new BodyTooLarge(`Send at most ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
