import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { Problem } from '#schemas/problem.ts';
import { BodyTooLarge, InternalError, InvalidRequest, NotFound } from '#schemas/problems.ts';
import { API_FAULTS, type ApiAnswer, type ApiSurface } from './api.ts';
import { type EmitOptions, emitOptionsSchema, MISBEHAVIOURS } from './emit-options.ts';
import { listenOnLoopback } from './listen.ts';
import type { SandboxStats } from './stats.ts';

export interface ControlActions {
  readonly changeTypes: readonly string[];
  /** @returns how many changes were made */
  emit(count: number, options: EmitOptions): number;
  stats(): SandboxStats;
  records(): unknown;
  activate(): void;
  /** The provider's API, at every other address. */
  readonly api: ApiSurface;
}

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 65_536;
const emitRequestSchema = emitOptionsSchema.extend({ count: z.int().positive() });
const tokensSchema = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        token: z.string().min(1).max(4_096),
        expires_at: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .max(10_000),
});
const faultSchema = z.strictObject({
  fault: z.enum(API_FAULTS),
  count: z.int().min(1).max(1_000).default(1),
});

/**
 * Serves on 127.0.0.1: `POST /sandbox/emit {count, type?, misbehave?, delay_ms?}`, `POST
 * /sandbox/activate`, `GET /sandbox/stats`, `/sandbox/records` and `/sandbox/types`; of the API `PUT` and
 * `POST /sandbox/tokens {tokens: [{token, expires_at?}]}`, `POST /sandbox/api/faults {fault, count?}` and
 * `GET /sandbox/api/calls`. Any other address is one of the provider's API.
 *
 * @param port 0 takes any free one
 */
export async function startControlServer(
  port: number,
  actions: ControlActions,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(request, actions).then(
      (answered) => {
        // Undefined never answers: the caller has to give up by itself.
        if (answered !== undefined) send(response, answered);
      },
      (error: unknown) => {
        const problem =
          error instanceof Problem
            ? error
            : new InternalError('The sandbox failed.', { cause: error });
        send(response, { status: problem.status, json: problem.toProblemDetails() });
      },
    );
  });
  return listenOnLoopback(server, port);
}

async function answer(
  request: IncomingMessage,
  actions: ControlActions,
): Promise<ApiAnswer | undefined> {
  const { api } = actions;
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { method = 'GET', headers } = request;
  const text = await read(request);
  if (!url.pathname.startsWith('/sandbox/')) {
    return api.handle({ method, path: url.pathname, query: url.searchParams, headers, text });
  }
  switch (`${method} ${url.pathname}`) {
    case 'GET /sandbox/stats':
      return ok(actions.stats());
    case 'GET /sandbox/records':
      return ok(actions.records());
    case 'GET /sandbox/types':
      return ok({ types: actions.changeTypes, misbehave: MISBEHAVIOURS, api_faults: API_FAULTS });
    case 'POST /sandbox/activate':
      actions.activate();
      return ok(actions.stats());
    case 'POST /sandbox/emit': {
      const { count, ...options } = parse(emitRequestSchema, text, '{"count": 10}');
      return { status: 202, json: { emitted: actions.emit(count, options) } };
    }
    case 'PUT /sandbox/tokens':
      api.tokens.replace(parseTokens(text));
      return { status: 204 };
    case 'POST /sandbox/tokens':
      for (const one of parseTokens(text)) api.tokens.allow(one);
      return { status: 204 };
    case 'POST /sandbox/api/faults': {
      const { fault, count } = parse(faultSchema, text, '{"fault": "unavailable"}');
      api.fail(fault, count);
      return { status: 204 };
    }
    case 'GET /sandbox/api/calls':
      return ok({ calls: api.calls });
    default:
      throw new NotFound(
        'The sandbox has POST /sandbox/emit, /sandbox/activate, /sandbox/tokens and /sandbox/api/faults, PUT /sandbox/tokens, and GET /sandbox/stats, /sandbox/records, /sandbox/types and /sandbox/api/calls.',
      );
  }
}

function ok(json: unknown): ApiAnswer {
  return { status: 200, json };
}

function parseTokens(text: string) {
  return parse(tokensSchema, text, '{"tokens": [{"token": "…"}]}').tokens.map(
    ({ token, expires_at }) => ({
      token,
      expiresAtMs: expires_at === undefined ? undefined : Date.parse(expires_at),
    }),
  );
}

function parse<Value>(schema: z.ZodType<Value>, text: string, example: string): Value {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequest(`The body must be JSON such as ${example}.`, { cause });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(`The body must be JSON such as ${example}.`, {
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

function send(response: ServerResponse, { status, headers = {}, json, text }: ApiAnswer): void {
  if (json === undefined) {
    response.writeHead(status, headers).end(text);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(json));
}
