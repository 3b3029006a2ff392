import type { RefusalReason } from '#adapters/kit/adapter.ts';
import type {
  BasicDefinition,
  JwtDefinition,
  StaticTokenDefinition,
} from '#adapters/kit/verification/definitions.ts';
import { parseJsonPart } from '#adapters/kit/verification/jwt-claims.ts';
import { readPlace } from '#adapters/kit/verification/request-reader.ts';
import { afterPrefix } from '#adapters/kit/verification/signature-value.ts';
import { explainMissing, placeText } from './explain-missing.ts';
import {
  type Explanation,
  instantText,
  type Look,
  missingSecret,
  spanText,
} from './explanation.ts';

/** Explains a scheme whose token is the secret. The token is never shown: it may be the right one. */
export function explainToken(
  { token }: StaticTokenDefinition,
  { reader, secrets, reason, show }: Look,
): Explanation {
  const text = readPlace(reader, token.from, token.name);
  if (text === undefined) {
    return { facts: [], why: [explainMissing(reader, token.from, token.name)] };
  }
  const sent = token.prefix === undefined ? text : afterPrefix(text, token.prefix);
  const place = placeText(token.from, token.name);
  if (sent === undefined || sent === '') {
    const prefix = token.prefix === undefined ? '' : ` after ${show(token.prefix)}`;
    return { facts: [], why: [`The ${place} holds no token${prefix}.`] };
  }
  const facts: Explanation['facts'] = [['token', `${place}: ${sent.length} characters, not shown`]];
  return { facts, why: whyOther(reason, secrets, 'The token is another than the secret.') };
}

/** Explains HTTP Basic; user name and password are not shown. */
export function explainBasic(
  { username }: BasicDefinition,
  { reader, secrets, reason, show }: Look,
): Explanation {
  if (reader.header('authorization') === undefined) {
    return { facts: [], why: [explainMissing(reader, 'header', 'Authorization')] };
  }
  if (reason === 'signature_malformed') {
    return { facts: [], why: ['The header Authorization is not Basic followed by base64.'] };
  }
  const facts: Explanation['facts'] = [['credentials', 'header Authorization, not shown']];
  const other = `User name or password differ: due are ${show(username)} and the secret.`;
  return { facts, why: whyOther(reason, secrets, other) };
}

function whyOther(
  reason: RefusalReason | undefined,
  secrets: readonly string[],
  other: string,
): string[] {
  if (reason === undefined) return [];
  return [reason === 'secret_missing' ? missingSecret(secrets, 'usable') : other];
}

/** Explains a JWT by what it says of itself. The token is not shown. */
export function explainJwt(definition: JwtDefinition, look: Look): Explanation {
  const { reader, reason, show } = look;
  const said = saying(show);
  const text = reader.header(definition.header);
  if (text === undefined) {
    return { facts: [], why: [explainMissing(reader, 'header', definition.header)] };
  }
  const parts = (afterPrefix(text, definition.prefix) ?? '').split('.');
  const head = parseJsonPart(parts[0] ?? '');
  const claims = parseJsonPart(parts[1] ?? '');
  const facts: Explanation['facts'] = [
    ['token', `header ${definition.header}: alg ${said(head?.alg)}`],
    ...(['iss', 'aud', 'exp', 'nbf'] as const)
      .filter((name) => claims?.[name] !== undefined)
      .map((name) => [name, said(claims?.[name])] as const),
  ];
  if (reason === undefined) return { facts, why: [] };
  return { facts, why: [whyJwt(definition, look, reason, claims ?? {})] };
}

function whyJwt(
  definition: JwtDefinition,
  { reader, secrets, show }: Look,
  reason: RefusalReason,
  { iss, aud, exp, nbf }: Readonly<Record<string, unknown>>,
): string {
  const { receivedAtMs } = reader.request;
  const said = saying(show);
  switch (reason) {
    case 'signature_malformed':
      return `The header is not ${show(definition.prefix)} followed by a token of three parts.`;
    case 'scheme_not_allowed':
      return `The token is not of the algorithm ${definition.algorithm}, or demands an extension.`;
    case 'secret_missing':
      return missingSecret(secrets, `a key for ${definition.algorithm}`);
    case 'timestamp_missing':
      return 'The token has no exp: without an end it would be good for ever.';
    case 'timestamp_malformed':
      return 'exp and nbf must be numbers of seconds.';
    case 'timestamp_stale': {
      const at = instantText(Number(exp) * 1000 - 1000);
      return `The token expired ${spanText(receivedAtMs - Number(exp) * 1000)} before the receipt. If it was recorded, give the time of its receipt: --at ${at}`;
    }
    case 'timestamp_in_future':
      return `The token begins to be good ${spanText(Number(nbf) * 1000 - receivedAtMs)} after the receipt.`;
    default:
      if (definition.issuer !== undefined && iss !== definition.issuer) {
        return `Issuer is ${said(iss)}, or the signature does not match; due is ${show(definition.issuer)}.`;
      }
      if (definition.audience !== undefined && ![aud].flat().includes(definition.audience)) {
        return `Audience is ${said(aud)}, or the signature does not match; due is ${show(definition.audience)}.`;
      }
      return 'The token is signed by another key.';
  }
}

/** Spells a claim. */
function saying(show: Look['show']): (value: unknown) => string {
  return (value) => {
    if (value === undefined) return 'none';
    return show(typeof value === 'string' ? value : JSON.stringify(value));
  };
}
