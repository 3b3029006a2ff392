import { createPublicKey, type KeyObject } from 'node:crypto';

export type KeyKind = 'ed25519' | 'rsa' | 'p256';

/** Shortest RSA key accepted, in bits. */
const MIN_RSA_BITS = 2048;

/**
 * Reads a public key in PEM.
 *
 * @returns the key, or undefined when it is private, not PEM, too short or of another kind
 */
export function readPublicKey(pem: string, kind: KeyKind): KeyObject | undefined {
  // A private key would be turned into its public half without a word, and so stay in a definition.
  if (!pem.includes('-----BEGIN ') || pem.includes('PRIVATE KEY')) return undefined;
  try {
    const key = createPublicKey(pem);
    return isOfKind(key, kind) ? key : undefined;
  } catch {
    // What is wrong with the key is not passed on: the text may be a secret that is no key.
    return undefined;
  }
}

function isOfKind(key: KeyObject, kind: KeyKind): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (kind === 'rsa') return type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS;
  if (kind === 'p256') return type === 'ec' && details?.namedCurve === 'prime256v1';
  return type === 'ed25519';
}

/** The keys to try: the definition's own if it has one, else each active secret as PEM. */
export function keysToTry(
  own: KeyObject | undefined,
  secrets: readonly string[],
  kind: KeyKind,
): KeyObject[] {
  if (own !== undefined) return [own];
  return secrets.map((secret) => readPublicKey(secret, kind)).filter((key) => key !== undefined);
}
