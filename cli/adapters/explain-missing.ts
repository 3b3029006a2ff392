import type { Place } from '#adapters/kit/verification/definitions.ts';
import type { RequestReader } from '#adapters/kit/verification/request-reader.ts';

/** How a definition calls a place: "header X-Sig", "parameter sig", "body at /sig". */
export function placeText(from: Place, name: string): string {
  if (from === 'header') return `header ${name}`;
  return from === 'query' ? `parameter ${name}` : `body at ${name}`;
}

/** Headers that belong to every request, and are never what somebody looks for. */
const USUAL = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'cache-control', 'connection'],
  ...['content-length', 'content-type', 'date', 'host', 'user-agent'],
]);

/** Why there is nothing at a place. */
export function explainMissing(reader: RequestReader, from: Place, name: string): string {
  const { headers, body } = reader.request;
  if (from === 'header') {
    const value = headers[name.toLowerCase()];
    if (Array.isArray(value)) {
      return `The header ${name} stands there ${value.length} times, which counts as missing.`;
    }
    const others = Object.keys(headers).filter((header) => !USUAL.has(header));
    const found = others.length === 0 ? 'no other than the usual ones' : others.join(', ');
    return `There is no header ${name}. The request has ${found}.`;
  }
  if (from === 'query') {
    const names = [...new URLSearchParams(reader.rawQuery).keys()];
    const count = names.filter((one) => one === name).length;
    if (count > 1)
      return `The parameter ${name} stands there ${count} times, which counts as missing.`;
    const found = names.length === 0 ? 'none' : [...new Set(names)].join(', ');
    return `There is no parameter ${name}. The URL has ${found}.`;
  }
  return body.length === 0
    ? `There is nothing at ${name}: the body is empty.`
    : `There is no text or number at ${name}, or the body is not JSON of at most 64 KiB.`;
}
