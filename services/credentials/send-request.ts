import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { ProviderResponse } from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { CredentialsRefused, ProviderRefused, ProviderUnavailable } from '#schemas/problems.ts';
import { type AddressRule, checkUrl, publicLookup, type Resolve } from './public-address.ts';

export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface OutgoingLimits extends AddressRule {
  /** For the whole call, from the name lookup to the end of the answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Default: the system's name service. */
  readonly resolve?: Resolve | undefined;
}

/**
 * Sends one request, to addresses of the internet alone, by no proxy, and follows no redirect. By `node:https`,
 * as the addresses can be checked there at the moment they are connected to.
 *
 * @throws InvalidSettings when the address may not be called
 * @throws ProviderUnavailable when there is no whole answer in time
 * @throws ProviderRefused when the answer is too large
 */
export async function sendRequest(
  { url, method, headers, body }: OutgoingRequest,
  limits: OutgoingLimits,
): Promise<ProviderResponse> {
  checkUrl(url, limits);
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, {
        method,
        headers: { ...headers, 'accept-encoding': 'identity' },
        // A socket for each call, by none of the proxies that the environment may name.
        agent: false,
        lookup: publicLookup(limits, limits.resolve),
        signal,
      });
      request.on('response', resolve).on('error', reject).end(body);
    });
    return {
      status: answer.statusCode ?? 0,
      headers: headersOf(answer),
      text: await textOf(answer, limits.maxBytes, url),
    };
  } catch (error) {
    throw translate(error, url, limits);
  }
}

async function textOf(answer: IncomingMessage, maxBytes: number, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ProviderRefused(`${url.host} answered with more than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}

function translate(error: unknown, { host }: URL, { timeoutMs }: OutgoingLimits): unknown {
  if (error instanceof Problem) return error;
  const { name, code } = error as { name?: string; code?: string };
  if (code === 'ERR_INVALID_CHAR') {
    return new CredentialsRefused(
      'The credential holds characters that a request cannot carry. Enter it again.',
    );
  }
  const isLate = name === 'AbortError' || name === 'TimeoutError';
  const detail = isLate
    ? `${host} did not answer within ${timeoutMs / 1000} s.`
    : `${host} could not be reached, or broke off its answer.`;
  return new ProviderUnavailable(detail, { cause: error });
}
