import { hash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InternalError } from '#schemas/problems.ts';
import { assertFromConsole } from './csrf.ts';
import type { Identity } from './principal.ts';
import { type NewSession, SESSION_HOURS, type SessionStore } from './session-store.ts';

/** A signed-in browser. */
export interface BrowserSession {
  /** What it is stored under, and what else may be bound to it. */
  readonly idHash: string;
  /** Value of the cookie. Never stored, logged or shown. */
  readonly secret: string;
  readonly identity: Identity;
  /** When it ends, however much it is used. */
  readonly expiresAt: Date;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Absent in processes that serve no browser. */
    browserSessions: BrowserSessions | null;
  }
  interface FastifyRequest {
    /** Set once a request is found to come from a signed-in browser; see sessionOf. */
    session: BrowserSession | null;
  }
}

export interface BrowserSessionsOptions {
  readonly store: SessionStore;
  /** Where the console is reached, known once the server listens. */
  readonly publicUrl: () => string;
}

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;

/** The session cookie of browsers, on both sides. Needs @fastify/cookie. */
export class BrowserSessions {
  readonly #store: SessionStore;
  readonly #publicUrl: () => string;

  constructor({ store, publicUrl }: BrowserSessionsOptions) {
    this.#store = store;
    this.#publicUrl = publicUrl;
  }

  /**
   * The session whose cookie a request brings. A request with an Authorization header has none.
   *
   * @throws CsrfRefused when it would change something and does not come from a page of ours
   */
  async find(request: FastifyRequest): Promise<BrowserSession | null> {
    if (request.headers.authorization !== undefined) return null;
    const secret = this.#presented(request);
    if (secret === undefined) return null;
    const idHash = hashOf(secret);
    const found = await this.#store.find(idHash);
    if (!found) return null;
    assertFromConsole(request, secret, this.#publicUrl());
    return { idHash, secret, ...found };
  }

  /**
   * Signs a browser in: always by a new secret, as one that was there before may be known to others.
   * The session that the browser had ends.
   *
   * @throws SignInLinkInvalid when `link` was used before
   */
  async start(
    request: FastifyRequest,
    reply: FastifyReply,
    identity: Identity,
    link?: NewSession['link'],
  ): Promise<BrowserSession> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const idHash = hashOf(secret);
    const before = this.#presented(request);
    const replaces = before === undefined ? undefined : hashOf(before);
    const expiresAt = await this.#store.start({ idHash, identity, replaces, link });
    reply.setCookie(this.#cookieName, secret, {
      ...this.#attributes,
      maxAge: SESSION_HOURS * 3_600,
    });
    return { idHash, secret, identity, expiresAt };
  }

  /** Signs a browser out. */
  async end(session: BrowserSession, reply: FastifyReply): Promise<void> {
    await this.#store.end(session.idHash);
    reply.clearCookie(this.#cookieName, this.#attributes);
  }

  get #isSecure(): boolean {
    return this.#publicUrl().startsWith('https:');
  }

  /** A browser takes __Host- from this very host alone, and over TLS: no neighbour can plant one. */
  get #cookieName(): string {
    return this.#isSecure ? '__Host-tributary_session' : 'tributary_session';
  }

  /** Lax: a provider's consent page leads back to us by a link, which has to bring the cookie. */
  get #attributes() {
    return { path: '/', httpOnly: true, sameSite: 'lax', secure: this.#isSecure } as const;
  }

  #presented({ headers, server }: FastifyRequest): string | undefined {
    if (headers.cookie === undefined) return undefined;
    const value = server.parseCookie(headers.cookie)[this.#cookieName];
    return value !== undefined && SECRET.test(value) ? value : undefined;
  }
}

/**
 * The session of the browser that sends a request; null when there is none, it has ended, or the request
 * brings a token. Also for routes that anyone may call: looked up when it is first asked for.
 *
 * @throws CsrfRefused when the request would change something and does not come from a page of ours
 */
export async function sessionOf(request: FastifyRequest): Promise<BrowserSession | null> {
  request.session ??= (await request.server.browserSessions?.find(request)) ?? null;
  return request.session;
}

/** The sessions of the server of a request. */
export function sessionsOf({ server }: FastifyRequest): BrowserSessions {
  if (server.browserSessions) return server.browserSessions;
  throw new InternalError('This process serves no browser.');
}

function hashOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}
