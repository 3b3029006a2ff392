import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import type { HttpFile } from './http-file.ts';

export interface Circumstances {
  /** The public URL the provider addresses; an origin alone keeps the path of the file. */
  readonly url?: string;
  readonly receivedAtMs: number;
  readonly remoteAddress?: string;
}

/** Where a request without a Host header is taken to be addressed to. */
const DEFAULT_ORIGIN = 'https://hooks.example.com';

/** The request of a file as the server would see it. @throws TypeError when `url` is no URL */
export function toWebhookRequest(file: HttpFile, circumstances: Circumstances): WebhookRequest {
  const { receivedAtMs, remoteAddress } = circumstances;
  return {
    method: file.method,
    url: urlOf(file, circumstances.url),
    headers: collect(file.headers),
    body: file.body,
    receivedAtMs,
    ...(remoteAddress !== undefined && { remoteAddress }),
  };
}

function urlOf({ target, headers }: HttpFile, url: string | undefined): string {
  const origin = /^[a-z]+:\/\/[^/?#]*/.exec(target)?.[0];
  const path = target.slice(origin?.length ?? 0) || '/';
  if (url !== undefined) {
    const { origin: given, pathname, search } = new URL(url);
    // Character for character as it was given: signatures cover the URL.
    return pathname === '/' && search === '' ? given + path : url;
  }
  if (origin !== undefined) return target;
  const host = headers.find(([name]) => name === 'host')?.[1];
  return (host === undefined || host === '' ? DEFAULT_ORIGIN : `https://${host}`) + path;
}

/** A header that stands there once is a text; several of one name are a list. */
function collect(headers: HttpFile['headers']): WebhookRequest['headers'] {
  const collected = new Map<string, string | string[]>();
  for (const [name, value] of headers) {
    const before = collected.get(name);
    collected.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(collected);
}

/** What about the file may differ from what was sent. */
export function notesOn({ headers, body }: HttpFile): string[] {
  const stated = headers.find(([name]) => name === 'content-length')?.[1];
  if (stated === undefined || stated === String(body.length)) return [];
  const broken = body.at(-1) === 0x0a;
  const advice = broken ? ' Editors add a line break at the end: take it away.' : '';
  return [
    `Content-Length says ${stated} bytes, and the file holds ${body.length} after the blank line.${advice}`,
  ];
}
