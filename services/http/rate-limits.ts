import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Problem } from '#schemas/problem.ts';
import { RateLimited } from '#schemas/problems.ts';
import type { Authenticate, Identity } from '../access/principal.ts';
import { RateLimiter } from '../rate-limiter.ts';

export interface RateLimitOptions {
  /** Requests a second of each credential; bursts of twice that. */
  readonly perSecond: number;
  readonly nowMs?: () => number;
}

/** Failed authentications a second of each address. */
const FAILURES_PER_SECOND = 10;
const MAX_KNOWN_CREDENTIALS = 10_000;
/** Webhooks have limits of their own; the scheduler and probes come from inside. */
const EXEMPT = ['/webhooks/', '/tasks/', '/healthz', '/readyz'];

/**
 * How often the API may be called, counted in this process: by each credential, and where a route asks
 * for none by each address. An address that fails to authenticate too often is refused before its next
 * credential is looked at, unless that one was good lately: others behind the same address go on.
 */
export class ApiRateLimits {
  readonly #callers: RateLimiter;
  readonly #failures = new RateLimiter(FAILURES_PER_SECOND);
  readonly #good = new LRUCache<string, true>({ max: MAX_KNOWN_CREDENTIALS });
  readonly #nowMs: () => number;

  constructor({ perSecond, nowMs = Date.now }: RateLimitOptions) {
    this.#callers = new RateLimiter(perSecond);
    this.#nowMs = nowMs;
  }

  /** The same, with failures counted. Throws RateLimited besides. */
  counting(authenticate: Authenticate): Authenticate {
    return async (request) => {
      const credential = fingerprint(request);
      if (!this.#good.has(credential)) this.#refuseFailing(request);
      try {
        const identity = await authenticate(request);
        this.#good.set(credential, true);
        return identity;
      } catch (error) {
        this.#good.delete(credential);
        this.#countFailure(request, error);
        throw error;
      }
    };
  }

  /** Counts a request of a caller that is known. @throws RateLimited */
  admit({ tenantId, actor }: Identity, reply: FastifyReply): void {
    this.#admit(`caller ${tenantId} ${actor}`, reply);
  }

  /** Sees to the routes registered from now on that ask for no credential. */
  protectOpenRoutes(server: FastifyInstance): void {
    server.addHook('onRoute', (route) => {
      if (route.config?.access?.by !== 'anyone') return;
      if (EXEMPT.some((path) => route.url.startsWith(path))) return;
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        this.#refuseFailing(request);
        this.#admit(`address ${request.ip}`, reply);
      };
      const onError = async (request: FastifyRequest, _reply: FastifyReply, error: Error) =>
        this.#countFailure(request, error);
      route.onRequest = [onRequest, ...[route.onRequest ?? []].flat()];
      route.onError = [onError, ...[route.onError ?? []].flat()];
    });
  }

  #admit(key: string, reply: FastifyReply): void {
    const nowMs = this.#nowMs();
    const { burst, perSecond } = this.#callers;
    const waitSeconds = this.#callers.take(key, nowMs);
    const left = Math.floor(this.#callers.left(key, nowMs));
    // As draft-ietf-httpapi-ratelimit-headers has them: quota, window; remaining, seconds until full.
    reply.header('ratelimit-policy', `"default";q=${burst};w=${burst / perSecond}`);
    reply.header('ratelimit', `"default";r=${left};t=${Math.ceil((burst - left) / perSecond)}`);
    if (waitSeconds === 0) return;
    throw new RateLimited(
      `More than ${perSecond} requests a second. Wait as long as Retry-After says, then go on more slowly.`,
      { retryAfterSeconds: waitSeconds },
    );
  }

  #refuseFailing(request: FastifyRequest): void {
    if (this.#failures.left(request.ip, this.#nowMs()) >= 1) return;
    throw new RateLimited(
      'Too many requests from your address could not be authenticated. Correct the credential, then wait as long as Retry-After says.',
      { retryAfterSeconds: 1 },
    );
  }

  #countFailure(request: FastifyRequest, error: unknown): void {
    if (error instanceof Problem && error.status === 401) {
      this.#failures.take(request.ip, this.#nowMs());
    }
  }
}

/** Tells credentials apart without keeping one. */
function fingerprint({ headers }: FastifyRequest): string {
  const sent = JSON.stringify([headers.authorization, headers.cookie]);
  return createHash('sha256').update(sent).digest('base64');
}
