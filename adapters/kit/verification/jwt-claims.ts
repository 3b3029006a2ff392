import type { RefusalReason } from '../adapter.ts';
import type { JwtDefinition } from './definitions.ts';
import { decodeSignature } from './signature.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** A part of a token as a JSON object; undefined when it is anything else. */
export function parseJsonPart(part: string): JsonObject | undefined {
  const bytes = decodeSignature(part, 'base64url');
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Why the claims of a token whose signature is right are refused. An expiry is required: without
 * one a token that leaks once is good for ever. Times are Unix seconds (RFC 7519, section 2).
 */
export function claimsRefusal(
  definition: JwtDefinition,
  claims: JsonObject | undefined,
  nowMs: number,
): RefusalReason | undefined {
  if (claims === undefined) return 'signature_malformed';
  const skewMs = definition.clockSkewSeconds * 1000;
  const { exp, nbf, iss, aud } = claims;
  if (exp === undefined) return 'timestamp_missing';
  if (!isTime(exp) || (nbf !== undefined && !isTime(nbf))) return 'timestamp_malformed';
  if (nowMs - skewMs >= exp * 1000) return 'timestamp_stale';
  if (nbf !== undefined && nowMs + skewMs < nbf * 1000) return 'timestamp_in_future';
  if (definition.issuer !== undefined && iss !== definition.issuer) return 'signature_mismatch';
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (definition.audience !== undefined && !audiences.includes(definition.audience)) {
    return 'signature_mismatch';
  }
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
