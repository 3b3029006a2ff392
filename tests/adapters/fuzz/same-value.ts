import { isDeepStrictEqual } from 'node:util';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';

/*
 * When two spellings are one value, to the most lenient reader there is. What is the same here may be
 * verified; it need not.
 */

/** One text for all spellings of a key. */
export function keyText(secret: string): string {
  if (secret.startsWith('whsec_')) return Buffer.from(secret.slice(6), 'base64').toString('hex');
  // HMAC fills a short key up with zeros: with some added it is the same key.
  let end = secret.length;
  while (end > 0 && secret.charCodeAt(end - 1) === 0) end -= 1;
  return secret.slice(0, end);
}

/** Escapes may be undone before a URL is signed. */
export function sameUrl(one: string, other: string): boolean {
  return one === other || unescaped(one) === unescaped(other);
}

function unescaped(url: string): string {
  return url.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

type HeaderValue = WebhookRequest['headers'][string];

/**
 * Whether two values say the same to a reader who is as lenient as the schemes are: space, padding
 * and the case of what is no base64 do not count, and something more in a list takes nothing away.
 * A header that is sent twice is never the same as one.
 */
export function sameHeader(one: HeaderValue, original: HeaderValue): boolean {
  if (isDeepStrictEqual(one, original)) return true;
  const text = typeof one === 'string' ? one : one?.length === 1 ? one[0] : undefined;
  if (text === undefined || typeof original !== 'string') return false;
  const credentials = /^basic +(\S+)$/i;
  const [mine, theirs] = [credentials.exec(text)?.[1], credentials.exec(original)?.[1]];
  if (mine !== undefined && theirs !== undefined) {
    return Buffer.from(mine, 'base64').equals(Buffer.from(theirs, 'base64'));
  }
  const tokens = new Set(tokensOf(text));
  if (tokensOf(original).every((token) => tokens.has(token))) return true;
  // Some providers put space inside of what is one word elsewhere.
  return isDeepStrictEqual(tokensOf(unspaced(text)), tokensOf(unspaced(original)));
}

function unspaced(value: string): string {
  return value.replaceAll(/\s/g, '');
}

function tokensOf(value: string): string[] {
  return value
    .split(/[\s,;=]/)
    .filter((token) => token !== '')
    .map((token) => (isCaseless(token) ? token.toLowerCase() : token));
}

/** Hexadecimal, also with hyphens, and short words such as a scheme's name. */
function isCaseless(token: string): boolean {
  return /^[0-9a-f-]+$/i.test(token) || /^[a-z0-9]{1,10}$/i.test(token);
}
