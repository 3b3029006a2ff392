import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutgoingRequest } from './contract.ts';

export interface PostOptions {
  readonly timeoutMs: number;
  /** How long the body takes to be sent; 0 sends it at once. */
  readonly bodyMs: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const SLOW_PARTS = 8;
/** Longest answer kept, in characters. */
const MAX_ANSWER = 65_536;

/** Sends a request. @returns undefined when there was no answer in time, or none at all */
export async function post(
  outgoing: OutgoingRequest,
  { timeoutMs, bodyMs, signal }: PostOptions,
): Promise<Answer | undefined> {
  const url = new URL(outgoing.url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeoutMs + bodyMs))]);
  const request = send(url, {
    method: outgoing.method,
    headers: { ...outgoing.headers, 'content-length': String(outgoing.body.length) },
    signal: limit,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  try {
    // Both at once: an answer may come before the body has gone out.
    const [response] = await Promise.all([answered, write(request, outgoing.body, bodyMs, limit)]);
    return { status: response.statusCode ?? 0, body: await textOf(response) };
  } catch {
    return undefined;
  }
}

async function write(
  request: ReturnType<typeof httpRequest>,
  body: Buffer,
  bodyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const size = bodyMs > 0 ? Math.max(1, Math.ceil(body.length / SLOW_PARTS)) : body.length;
  let start = 0;
  for (; start + size < body.length; start += size) {
    request.write(body.subarray(start, start + size));
    await delay(bodyMs / SLOW_PARTS, undefined, { signal });
  }
  request.end(body.subarray(start));
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    if (text.length < MAX_ANSWER) text += chunk as string;
  }
  return text;
}
