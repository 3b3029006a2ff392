import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import { ProviderUnavailable } from '#schemas/problems.ts';
import { type Json, standardAnswer } from './token-answer.ts';

/** A request as the library makes it: a POST with a form. */
interface LibraryRequest {
  readonly body: URLSearchParams;
  readonly headers: Record<string, string>;
  readonly method: string;
}

/** Where the parameters of a request go. */
export type SentAs = 'form' | 'json' | 'query' | 'bearer';

export interface AskOptions {
  readonly provider: OAuthProvider;
  readonly sentAs: SentAs;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the answer as it came. */
  readonly onAnswer: (json: Json) => void;
  /** What an empty answer with 2xx means. */
  readonly empty: 'done' | 'unreadable';
}

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_WAIT_SECONDS = 86_400;
/** A gateway's answer: what stands behind it may have done its work. */
const UNKNOWN = new Set([502, 504]);

/**
 * A `fetch` for the library that speaks as the provider does and answers as RFC 6749 says. It follows no
 * redirects and reads a bounded answer.
 *
 * It throws ProviderUnavailable: with a `cause` when nobody knows what the provider did, without when it
 * answered that it did nothing.
 */
export function askProvider(
  options: AskOptions,
): (url: string, request: LibraryRequest) => Promise<Response> {
  const { provider, onAnswer } = options;
  return async (url, request) => {
    const { status, headers, text } = await exchange(options, url, request);
    if (status === 429 || status >= 500) {
      throw new ProviderUnavailable(`${provider.title} answered ${status}. It is tried again.`, {
        retryAfterSeconds: waitSeconds(headers),
        ...(UNKNOWN.has(status) && { cause: new Error(`status ${status}`) }),
      });
    }
    if (status >= 300 && status < 400) {
      throw new ProviderUnavailable(
        `${provider.title} answered with a redirect (${status}), which is not followed. Check the address in the settings of the connection.`,
      );
    }
    const done = status < 300;
    const json = parse(text, done && options.empty === 'done');
    if (json === undefined && done) throw unreadable(provider, 'not JSON');
    onAnswer(json);
    const standard = standardAnswer(provider, status, json);
    if (standard.status >= 400 && standard.body.error === undefined) {
      throw new ProviderUnavailable(
        `${provider.title} answered ${status} without saying why in a way that it documents.`,
      );
    }
    return Response.json(standard.body, { status: standard.status });
  };
}

/** How the provider is given the request. */
function spelled(
  { provider, sentAs }: AskOptions,
  address: string,
  { body, headers }: LibraryRequest,
): [url: string, init: { headers: Record<string, string>; body: string }] {
  const all = { ...headers, ...provider.token.headers };
  if (sentAs === 'json') {
    const json = JSON.stringify(Object.fromEntries(body));
    return [address, { headers: { ...all, 'content-type': 'application/json' }, body: json }];
  }
  if (sentAs === 'query') {
    const url = new URL(address);
    for (const [name, value] of body) url.searchParams.set(name, value);
    return [url.href, { headers: all, body: '' }];
  }
  if (sentAs === 'bearer') {
    const authorization = `Bearer ${body.get('token')}`;
    return [address, { headers: { ...all, authorization }, body: '' }];
  }
  return [address, { headers: all, body: body.toString() }];
}

async function exchange(
  options: AskOptions,
  address: string,
  request: LibraryRequest,
): Promise<{ status: number; headers: Headers; text: string }> {
  const { provider, timeoutMs } = options;
  const [url, init] = spelled(options, address, request);
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  try {
    const response = await options.fetch(url, {
      ...init,
      method: 'POST',
      redirect: 'manual',
      signal,
    });
    const text = await readBounded(response);
    if (text === undefined) throw unreadable(provider, 'too large');
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (error instanceof ProviderUnavailable) throw error;
    const late = timeout.aborted ? ` within ${timeoutMs / 1_000} s` : '';
    throw new ProviderUnavailable(`${provider.title} did not answer${late}.`, {
      cause: harmless(error),
    });
  }
}

/** The text of an answer; undefined when it is longer than any token answer. */
async function readBounded({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string, mayBeEmpty: boolean): Json {
  if (mayBeEmpty && text.trim() === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function unreadable({ title }: OAuthProvider, why: string): ProviderUnavailable {
  return new ProviderUnavailable(`${title} answered with something that is no token answer.`, {
    cause: new Error(why),
  });
}

function waitSeconds(headers: Headers): number {
  const seconds = Number(headers.get('retry-after'));
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, MAX_WAIT_SECONDS) : 5;
}

/** What went wrong on the way, without anything of the request, which holds secrets. */
function harmless(error: unknown): Error {
  const { name, cause } = error as Error & { cause?: { code?: unknown } };
  const code = typeof cause?.code === 'string' ? cause.code : name;
  return new Error(String(code));
}
