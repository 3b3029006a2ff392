import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { RefusalReason, Verdict, WebhookRequest } from '../adapter.ts';

export type SignatureEncoding = 'hex' | 'base64' | 'base64url' | 'hex-dashed';
export type HashAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Longest signature header read, in characters. */
export const MAX_SIGNATURE_LENGTH = 4096;

export const VERIFIED: Verdict = { verified: true };

export function refused(reason: RefusalReason): Verdict {
  return { verified: false, reason };
}

/**
 * The one value of a header. A header sent twice is no signature: it may be a smuggled one.
 *
 * @param name in lower case
 */
export function singleHeader(request: WebhookRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** HMAC over parts, in order, without separators. Text parts count as UTF-8. */
export function hmac(
  algorithm: HashAlgorithm,
  key: string | Buffer,
  parts: readonly (string | Buffer)[],
): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** Plain hash over parts, in order, without separators. Text parts count as UTF-8. */
export function digest(algorithm: HashAlgorithm, parts: readonly (string | Buffer)[]): Buffer {
  return hash(algorithm, Buffer.concat(parts.map((part) => Buffer.from(part))), 'buffer');
}

const ENCODINGS: Record<SignatureEncoding, { pattern: RegExp; decode: (text: string) => Buffer }> =
  {
    hex: { pattern: /^(?:[0-9a-fA-F]{2})+$/, decode: (text) => Buffer.from(text, 'hex') },
    base64: {
      pattern: /^[A-Za-z0-9+/]+={0,2}$/,
      decode: (text) => Buffer.from(text, 'base64'),
    },
    base64url: {
      pattern: /^[A-Za-z0-9_-]+={0,2}$/,
      decode: (text) => Buffer.from(text, 'base64url'),
    },
    'hex-dashed': {
      pattern: /^[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2})*$/,
      decode: (text) => Buffer.from(text.replaceAll('-', ''), 'hex'),
    },
  };

/**
 * Decodes a signature strictly.
 *
 * @returns the bytes, or undefined when the text is too long, not of the encoding, or not in the
 *   encoding's canonical form (a last base64 character with stray bits spells the same bytes twice)
 */
export function decodeSignature(text: string, encoding: SignatureEncoding): Buffer | undefined {
  if (text.length > MAX_SIGNATURE_LENGTH) return undefined;
  const { pattern, decode } = ENCODINGS[encoding];
  if (!pattern.test(text)) return undefined;
  const bytes = decode(text);
  if (encoding === 'base64' && bytes.toString('base64') !== text) return undefined;
  if (encoding === 'base64url' && bytes.toString('base64url') !== text.replace(/=+$/, '')) {
    return undefined;
  }
  return bytes;
}

/** Compares in a time that depends on the lengths alone. */
export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Compares two texts without telling their lengths or where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

export interface Freshness {
  readonly timestampMs: number;
  readonly nowMs: number;
  readonly toleranceMs: number;
  readonly futureSkewMs: number;
}

/** The replay window: undefined when fresh. A timestamp exactly at the tolerance is fresh. */
export function staleness(check: Freshness): RefusalReason | undefined {
  if (!Number.isFinite(check.timestampMs)) return 'timestamp_malformed';
  const ageMs = check.nowMs - check.timestampMs;
  if (ageMs > check.toleranceMs) return 'timestamp_stale';
  if (-ageMs > check.futureSkewMs) return 'timestamp_in_future';
  return undefined;
}
