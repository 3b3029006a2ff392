import type { IncomingHttpHeaders } from 'node:http';
import { hmac, sameText } from '#adapters/kit/verification/signature.ts';
import { CsrfRefused } from '#schemas/problems.ts';

/** Methods that change nothing (RFC 9110, 9.2.1), which any site may have a browser send. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * What a page of ours proves with that it belongs to a session: made from the session's secret, so that
 * nothing has to be stored and another session's is of no use.
 */
export function csrfToken(sessionSecret: string): string {
  return hmac('sha256', sessionSecret, ['csrf']).toString('base64url');
}

/** A request as far as its origin is concerned. */
export interface OriginatingRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Lets a request with a session cookie pass when it changes nothing, or comes from a page of ours.
 *
 * @param publicUrl where the console is, besides the address that the request names itself
 * @throws CsrfRefused
 */
export function assertFromConsole(
  { method, headers }: OriginatingRequest,
  sessionSecret: string,
  publicUrl: string,
): void {
  if (SAFE_METHODS.has(method)) return;
  const { host, origin, 'sec-fetch-site': site, 'x-csrf-token': token } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, host, publicUrl)) throw crossSite();
  // Sent by all browsers of today over TLS and to localhost, and by no page's own will.
  if (site !== undefined && site !== 'same-origin') throw crossSite();
  if (typeof token === 'string' && sameText(token, csrfToken(sessionSecret))) return;
  throw new CsrfRefused(
    'Send the header X-CSRF-Token with csrf_token of GET /v1/session, of the same session.',
  );
}

/** By the host that the browser addressed too: the server may be reached by several names. */
function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.origin === new URL(publicUrl).origin) return true;
  return /^https?:$/.test(url.protocol) && url.host !== '' && url.host === host;
}

function crossSite(): CsrfRefused {
  return new CsrfRefused(
    'The request comes from a page of another site. Send it from the console, or with a token.',
  );
}
