import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BodyTooLarge } from '#schemas/problems.ts';

/** A request to the sandbox, read whole. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const MAX_BODY_BYTES = 65_536;

/** @throws BodyTooLarge */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new BodyTooLarge(`Send at most ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

/**
 * The parameters of a body.
 *
 * @returns undefined when it is not of the kind that is expected
 */
export function parametersOf(
  { headers, text }: Call,
  kind: 'form' | 'json',
): URLSearchParams | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim();
  if (kind === 'form') {
    return type === 'application/x-www-form-urlencoded' ? new URLSearchParams(text) : undefined;
  }
  if (type !== 'application/json') return undefined;
  try {
    return new URLSearchParams(JSON.parse(text) as Record<string, string>);
  } catch {
    return undefined;
  }
}

/** What stands behind a scheme in the Authorization header. */
export function authorizationOf({ headers }: Call, scheme: string): string | undefined {
  const [word, value] = headers.authorization?.split(' ') ?? [];
  return word?.toLowerCase() === scheme.toLowerCase() ? value : undefined;
}
