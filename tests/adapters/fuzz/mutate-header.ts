import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import type { Random } from '#adapters/kit/sandbox/random.ts';
import { hostileText, hostileWord } from './hostile-text.ts';

type Headers = WebhookRequest['headers'];

/** Longest header value and URL, in characters: Node takes 16 KiB of headers. */
export const MAX_LINE = 16_384;

/** Other headers: one removed, added, sent twice, or of another value. */
export function mutatedHeaders(headers: Headers, random: Random): Headers {
  const names = Object.keys(headers);
  if (names.length === 0 || random.next() < 0.1) {
    const name = hostileWord(random).toLowerCase();
    return { ...headers, [name]: hostileText(random, MAX_LINE) };
  }
  const name = random.pick(names);
  const value = headers[name];
  if (random.next() < 0.15) {
    const { [name]: _gone, ...rest } = headers;
    return rest;
  }
  const text = Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
  return { ...headers, [name]: mutatedValue(text, headers, random) };
}

function mutatedValue(text: string, headers: Headers, random: Random): string | string[] {
  switch (random.integer(0, 7)) {
    case 0:
      return [text, text];
    case 1:
      return [hostileText(random, 100), text];
    case 2:
      return `${text}, ${text}`;
    case 3:
      return hostileText(random, MAX_LINE);
    case 4:
      return String(headers[random.pick(Object.keys(headers))]);
    default:
      return mutatedText(text, random);
  }
}

/** One character changed, removed or added, or the end cut off. */
export function mutatedText(text: string, random: Random): string {
  const at = random.integer(0, Math.max(0, text.length - 1));
  const code = text.charCodeAt(at) || 0;
  switch (random.integer(0, 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + random.pick([' ', ',', '0', 'a', '=', '%', '\0']) + text.slice(at);
    default: {
      const changed = String.fromCharCode(code ^ (1 << random.integer(0, 6)));
      return text.slice(0, at) + changed + text.slice(at + 1);
    }
  }
}
