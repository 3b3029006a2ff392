import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { pathSecret } from '#adapters/kit/verification/path-secret.ts';
import { keyText, sameHeader, sameUrl } from './same-value.ts';
import type { Source } from './sources.ts';

/** A request on its way to the adapter, with the secrets it is checked by. */
export interface Attempt {
  readonly request: WebhookRequest;
  readonly secrets: readonly string[];
}

/**
 * Whether the adapter has a right to verify a mutation: when it differs from none of the requests
 * its provider has sent in anything that counts there.
 *
 * @param source what the mutation was made of
 * @param all every source of the adapter: a mutation may have become another genuine request
 */
export function mayBeVerified(attempt: Attempt, source: Source, all: readonly Source[]): boolean {
  // What of a sample counts, nobody says.
  if (source.kind === 'sample') return true;
  if (source.verified && isStill(attempt, source)) return true;
  // Cut off alike in request and secret, a token is still the one of the other.
  if (statesSecret(source) && statesSecret(attempt)) return true;
  return all.some((one) => one.kind === 'signed' && becameAnother(attempt, source, one));
}

/** Whether nothing differs that counts in the source. */
function isStill(attempt: Attempt, source: Source): boolean {
  return isUnsigned(source) ? keepsPath(attempt, source) : !differs(attempt, source);
}

function becameAnother(attempt: Attempt, source: Source, other: Source): boolean {
  const sameConnection = source.settingsKey === other.settingsKey;
  if (isUnsigned(other)) {
    const took = partsTaken(attempt.request, source.request, other.request);
    const one = took.body || took.url || took.headers;
    return (took.all || (sameConnection && one)) && keepsPath(attempt, other);
  }
  // How long a request counts, and whether its URL does, is for the settings to say.
  const url = sameConnection ? other.covers?.url : source.covers?.url;
  const judge = { ...other, covers: { ...other.covers, url: url === true } };
  return !differs(attempt, sameConnection ? judge : { ...judge, span: ALWAYS });
}

const ALWAYS = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };

/**
 * Handshakes, pings and messages that nobody signs are known by one part alone: a body, a query,
 * headers. Which parts the attempt has of one, that its source had not.
 */
function partsTaken(one: WebhookRequest, source: WebhookRequest, unsigned: WebhookRequest) {
  const names = Object.keys({ ...source.headers, ...unsigned.headers });
  const hasHeaders = ({ headers }: WebhookRequest) =>
    names.every((name) => headers[name] === unsigned.headers[name]);
  const sameBody = one.body.equals(unsigned.body);
  return {
    body: sameBody && !source.body.equals(unsigned.body),
    url: one.url === unsigned.url && source.url !== unsigned.url,
    headers: hasHeaders(one) && !hasHeaders(source),
    all: sameBody && hasHeaders(one),
  };
}

/** Whether nothing of it is signed. A secret in its URL may count all the same. */
function isUnsigned({ covers }: Source): boolean {
  return covers?.nothing !== undefined;
}

function keepsPath(attempt: Attempt, source: Source): boolean {
  return !holdsPathSecret(source) || holdsPathSecret(attempt);
}

function holdsPathSecret({ request, secrets }: Attempt): boolean {
  return secrets.some((secret) => secret !== '' && request.url.includes(pathSecret(secret)));
}

/** Whether the request holds its secret itself, as tokens and Basic credentials do. */
function statesSecret({ request, secrets }: Attempt): boolean {
  const { authorization } = request.headers;
  const credentials = Buffer.from(String(authorization).replace(/^basic +/i, ''), 'base64');
  const { headers, url, body } = request;
  const stated = [...Object.values(headers).flat(), url, credentials, body, unescaped(body)];
  return secrets.some((secret) => secret !== '' && stated.some((text) => text?.includes(secret)));
}

/** The text of a JSON body as its reader sees it; nothing of another body. */
function unescaped(body: Buffer): string {
  try {
    return JSON.stringify(JSON.parse(body.toString()));
  } catch {
    return '';
  }
}

/** Whether anything differs that the source's signature covers. */
function differs({ request, secrets }: Attempt, source: Source): boolean {
  const { covers, request: original, span } = source;
  if (covers === undefined) return false;
  if (request.receivedAtMs < span.fromMs || request.receivedAtMs > span.untilMs) return true;
  if (!sharesSecret(secrets, source)) return true;
  if (covers.body && !request.body.equals(original.body)) return true;
  if (covers.url && !sameUrl(request.url, original.url)) return true;
  return (covers.headers ?? []).some(
    (name) => !sameHeader(request.headers[name], original.headers[name]),
  );
}

function sharesSecret(secrets: readonly string[], { secrets: originals, covers }: Source): boolean {
  if (originals.length === 0) return true;
  // Of a key in PEM not every character counts: its beginning tells it from what is none.
  const keyOf = covers?.secret === false ? (secret: string) => secret.slice(0, 20) : keyText;
  const known = new Set(originals.map(keyOf));
  return secrets.some((secret) => known.has(keyOf(secret)));
}
