import { type KeyObject, verify } from 'node:crypto';
import { InvalidSettings } from '#schemas/problems.ts';
import type { RefusalReason } from '../adapter.ts';
import type { Report } from '../faults.ts';
import type { JwtDefinition } from './definitions.ts';
import { claimsRefusal, parseJsonPart } from './jwt-claims.ts';
import { placeValue } from './place-value.ts';
import { ownKey } from './public-key.ts';
import { keysToTry } from './public-keys.ts';
import type { SampleDraft, Scheme } from './scheme.ts';
import { keyOf, keysOf } from './secret-key.ts';
import {
  decodeSignature,
  hmac,
  MAX_SIGNATURE_LENGTH,
  refused,
  sameBytes,
  VERIFIED,
} from './signature.ts';
import { afterPrefix } from './signature-value.ts';

/** Seconds a sample's token is good for. */
const SAMPLE_LIFETIME_SECONDS = 300;

/**
 * `jwt`: a signed token (RFC 7519) with an expiry. The definition alone chooses the algorithm.
 * Verified with node:crypto because a verdict is synchronous and jose is not.
 */
export function jwtScheme(definition: JwtDefinition, at: string, report: Report): Scheme {
  const check = signatureCheck(definition, at, report);
  return {
    name: 'jwt',
    signsContent: false,
    acceptsPing: false,
    covers: () => true,
    verify(reader, secrets) {
      const header = reader.header(definition.header);
      if (header === undefined) return refused('signature_missing');
      const token = afterPrefix(header, definition.prefix);
      if (token === undefined || token.length > MAX_SIGNATURE_LENGTH) {
        return refused('signature_malformed');
      }
      const [head = '', claims = '', signature = '', ...rest] = token.split('.');
      const bytes = decodeSignature(signature, 'base64url');
      const parsed = parseJsonPart(head);
      if (bytes === undefined || parsed === undefined || rest.length > 0) {
        return refused('signature_malformed');
      }
      if (parsed.alg !== definition.algorithm || Object.hasOwn(parsed, 'crit')) {
        return refused('scheme_not_allowed');
      }
      const reason =
        check(Buffer.from(`${head}.${claims}`), bytes, secrets) ??
        claimsRefusal(definition, parseJsonPart(claims), reader.request.receivedAtMs);
      return reason === undefined ? VERIFIED : refused(reason);
    },
    sign: (draft, secret) => signDraft(definition, draft, secret),
  };
}

type SignatureCheck = (
  content: Buffer,
  signature: Buffer,
  secrets: readonly string[],
) => RefusalReason | undefined;

function signatureCheck(definition: JwtDefinition, at: string, report: Report): SignatureCheck {
  const { algorithm } = definition;
  if (algorithm === 'HS256') {
    if (definition.publicKey !== undefined) {
      report(`${at}/publicKey`, 'has no use with HS256, whose key is the secret');
    }
    return (content, signature, secrets) =>
      settle(keysOf(definition.secret, secrets), (key) =>
        sameBytes(hmac('sha256', key, [content]), signature),
      );
  }
  const kind = algorithm === 'RS256' ? 'rsa' : 'p256';
  const own = ownKey(definition.publicKey, kind, at, report);
  // JOSE spells an ECDSA signature as r and s side by side (RFC 7518, section 3.4).
  return (content, signature, secrets) =>
    settle(keysToTry(own, secrets, kind), (key: KeyObject) =>
      verify('sha256', content, { key, dsaEncoding: 'ieee-p1363' }, signature),
    );
}

function settle<K>(keys: readonly K[], matches: (key: K) => boolean): RefusalReason | undefined {
  if (keys.length === 0) return 'secret_missing';
  return keys.some(matches) ? undefined : 'signature_mismatch';
}

function signDraft(definition: JwtDefinition, draft: SampleDraft, secret: string): SampleDraft {
  const key = definition.algorithm === 'HS256' ? keyOf(definition.secret, secret) : undefined;
  if (key === undefined) {
    throw new InvalidSettings(
      'The sample cannot be signed: only HS256 with a secret of secret.encoding can be. Send a recorded request instead.',
    );
  }
  const nowSeconds = Math.floor(draft.nowMs / 1000);
  const content = [
    { alg: 'HS256', typ: 'JWT' },
    {
      iat: nowSeconds,
      exp: nowSeconds + SAMPLE_LIFETIME_SECONDS,
      iss: definition.issuer,
      aud: definition.audience,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = hmac('sha256', key, [content]).toString('base64url');
  const value = `${definition.prefix}${content}.${signature}`;
  return placeValue(draft, 'header', definition.header, value);
}
