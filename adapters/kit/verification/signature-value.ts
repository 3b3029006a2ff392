import type { Report } from '../faults.ts';
import type { SignatureDefinition } from './definitions.ts';
import { decodeSignature, MAX_SIGNATURE_LENGTH, type SignatureEncoding } from './signature.ts';

/** Most signatures read of one request; more are a way to make us compute. */
export const MAX_SIGNATURES = 16;

/** Reports what the shape alone cannot say: each way of parsing needs its own field. */
export function checkSignature(definition: SignatureDefinition, at: string, report: Report): void {
  if (definition.parse === 'prefix' && definition.prefix === undefined) {
    report(`${at}/prefix`, 'is required when parse is prefix, for example "sha256="');
  }
  if (definition.parse.endsWith('-list') && definition.key === undefined) {
    report(`${at}/key`, `is required when parse is ${definition.parse}, for example "v1"`);
  }
}

/**
 * Reads the signatures out of a header or parameter.
 *
 * @returns the decoded signatures; none when the text is malformed
 */
export function parseSignatures(definition: SignatureDefinition, text: string): Buffer[] {
  if (text.length > MAX_SIGNATURE_LENGTH) return [];
  const spelled = split(definition, text);
  if (spelled.length > MAX_SIGNATURES) return [];
  if (spelled.length > 1 && definition.multipleSignatures === 'refuse') return [];
  return spelled
    .map((one) => decodeSignature(one, definition.encoding))
    .filter((bytes) => bytes !== undefined);
}

function split(definition: SignatureDefinition, text: string): string[] {
  const { parse, key = '', separator } = definition;
  switch (parse) {
    case 'raw':
      return [text];
    case 'prefix': {
      const rest = afterPrefix(text, definition.prefix ?? '');
      return rest === undefined ? [] : [rest];
    }
    case 'kv-list':
      return valuesOfKey(text, separator, key);
    case 'space-list':
      return text
        .split(' ')
        .filter((entry) => entry.startsWith(`${key},`))
        .map((entry) => entry.slice(key.length + 1));
  }
}

/** The values of one key of a list such as `t=1,v1=ab`, in order. Keys are case-sensitive. */
export function valuesOfKey(text: string, separator: string, key: string): string[] {
  return text
    .split(separator)
    .map((entry) => entry.trim())
    .filter((entry) => entry.startsWith(`${key}=`))
    .map((entry) => entry.slice(key.length + 1));
}

/**
 * What follows a prefix. Case and spaces do not count: Zenoti sends "sha256 =" where its
 * documentation has no space.
 */
export function afterPrefix(text: string, prefix: string): string | undefined {
  let at = 0;
  for (const character of prefix.replaceAll(' ', '').toLowerCase()) {
    while (text[at] === ' ') at += 1;
    if (text[at]?.toLowerCase() !== character) return undefined;
    at += 1;
  }
  return text.slice(at).trim();
}

/** Spells a signature as `parseSignatures` reads it. @param timestamp `key=value` pairs put first */
export function spellSignature(
  definition: SignatureDefinition,
  bytes: Buffer,
  leading: readonly string[],
): string {
  const text = encodeSignature(bytes, definition.encoding);
  const { parse, key = '', separator } = definition;
  if (parse === 'prefix') return `${definition.prefix}${text}`;
  if (parse === 'kv-list') return [...leading, `${key}=${text}`].join(separator);
  return parse === 'space-list' ? `${key},${text}` : text;
}

/** Spells bytes as the encodings of signatures do. */
export function encodeSignature(bytes: Buffer, encoding: SignatureEncoding): string {
  if (encoding !== 'hex-dashed') return bytes.toString(encoding);
  return bytes
    .toString('hex')
    .toUpperCase()
    .replace(/..(?=.)/g, '$&-');
}
