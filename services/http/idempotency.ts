import { createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Queryable } from '#platform/database/database.ts';
import { InternalError, InvalidRequest } from '#schemas/problems.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import { type Claim, IdempotencyStore, type KeptAnswer } from './idempotency-store.ts';
import { withoutFields } from './without-fields.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A request with an Idempotency-Key acts once, however often it is sent. */
    readonly idempotent?: boolean;
    /** Fields of the answer that are not kept with the key, wherever in it they stand. */
    readonly secretFields?: readonly string[];
  }
  interface FastifyRequest {
    idempotencyClaim: Claim | null;
  }
}

/** Printable ASCII. */
export const KEY_PATTERN = '^[ -~]{1,200}$';
const KEY = new RegExp(KEY_PATTERN);
const KEPT_HEADERS = ['content-type', 'etag', 'location'];
const HASH_BYTES = 32;

const slowHash = promisify<string, string, number, Buffer>(scrypt);

/**
 * Serves `Idempotency-Key` on the routes registered from now on whose `config` says `idempotent`. The
 * answer to a key is kept for a day and given again, without the route's `secretFields`. An answer that
 * asks to try again later frees the key.
 *
 * @param database the server's own; absent in processes without such routes
 */
export function acceptIdempotencyKeys(server: FastifyInstance, database?: Queryable): void {
  const store = database && new IdempotencyStore(database);
  server.decorateRequest('idempotencyClaim', null);
  server.addHook('onRoute', (route) => {
    if (!route.config?.idempotent) return;
    if (!store) {
      throw new InternalError(`${route.method} ${route.url} keeps answers, and has no database.`);
    }
    const secretFields = route.config.secretFields ?? [];
    const preHandler = (request: FastifyRequest, reply: FastifyReply) =>
      claimOrRepeat(store, request, reply, secretFields.length > 0);
    const onSend = (request: FastifyRequest, reply: FastifyReply, payload: unknown) =>
      settle(store, request, reply, payload, secretFields);
    // Last of the handlers before the route's own, first to see its answer.
    route.preHandler = [...[route.preHandler ?? []].flat(), preHandler];
    route.onSend = [onSend, ...[route.onSend ?? []].flat()];
  });
}

async function claimOrRepeat(
  store: IdempotencyStore,
  request: FastifyRequest,
  reply: FastifyReply,
  holdsSecrets: boolean,
): Promise<FastifyReply | undefined> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new InvalidRequest('Idempotency-Key takes 1 to 200 printable ASCII characters.');
  }
  const principal = principalOf(request);
  const { tenantId, actor } = principal;
  const hash = await requestHash(request, principal, holdsSecrets ? key : undefined);
  const found = await store.claim({ tenantId, actor, key }, hash);
  if ('claimedAt' in found) {
    request.idempotencyClaim = found;
    return undefined;
  }
  return reply
    .code(found.status)
    .headers({ ...found.headers, 'idempotency-replayed': 'true' })
    .send(found.body);
}

/** Keeps the answer, or frees the key. The answer is sent all the same when the database is away. */
async function settle(
  store: IdempotencyStore,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  secretFields: readonly string[],
): Promise<unknown> {
  const claim = request.idempotencyClaim;
  if (!claim) return payload;
  request.idempotencyClaim = null;
  try {
    const answer = answerOf(reply, payload, secretFields);
    await (answer ? store.keep(claim, answer) : store.free(claim));
  } catch (error) {
    request.log.error({ err: error }, 'The answer to an idempotency key could not be kept.');
  }
  return payload;
}

/** The answer to keep; undefined where sending the same again may go better. */
function answerOf(
  reply: FastifyReply,
  payload: unknown,
  secretFields: readonly string[],
): KeptAnswer | undefined {
  const status = reply.statusCode;
  if (status >= 500) return undefined;
  const text = payload === undefined || payload === null ? '' : String(payload);
  const json: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
  if (status >= 400 && (json as { next?: unknown } | undefined)?.next === 'retry_later') {
    return undefined;
  }
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const body = json === undefined ? text : JSON.stringify(withoutFields(json, secretFields));
  return { status, headers: Object.fromEntries(headers), body };
}

/**
 * What tells requests apart: method, URL, for whom it acts, and body.
 *
 * @param salt given where the body may hold a secret: a fast hash of one that a person chose could be
 *   guessed at by whoever reads the table
 */
async function requestHash(
  { method, url, body }: FastifyRequest,
  { orgId, reach }: Principal,
  salt: string | undefined,
): Promise<string> {
  const text = JSON.stringify([method, url, orgId, reach, body]);
  if (salt === undefined) return createHash('sha256').update(text).digest('base64url');
  return (await slowHash(text, salt, HASH_BYTES)).toString('base64url');
}
