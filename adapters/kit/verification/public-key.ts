import { type KeyObject, verify } from 'node:crypto';
import { InvalidSettings } from '#schemas/problems.ts';
import type { Report } from '../faults.ts';
import type { PublicKeyDefinition } from './definitions.ts';
import { type KeyKind, keysToTry, readPublicKey } from './public-keys.ts';
import type { Scheme } from './scheme.ts';
import { refused, VERIFIED } from './signature.ts';
import { compileSignedContent, isVerdict } from './signed-content.ts';

const NO_SECRET = Buffer.alloc(0);

const KINDS: Record<PublicKeyDefinition['algorithm'], KeyKind> = {
  ed25519: 'ed25519',
  'rsa-sha256': 'rsa',
  'ecdsa-p256-sha256': 'p256',
};

/** `public-key`: the provider signs with a private key that we never hold. */
export function publicKeyScheme(
  definition: PublicKeyDefinition,
  at: string,
  report: Report,
): Scheme {
  const signed = compileSignedContent(definition);
  const kind = KINDS[definition.algorithm];
  const own = ownKey(definition.publicKey, kind, at, report);
  return {
    name: 'public-key',
    signsContent: true,
    acceptsPing: definition.unsignedPing === 'ack-and-drop',
    covers: signed.covers,
    verify(reader, secrets) {
      const read = signed.read(reader);
      if (isVerdict(read)) return read;
      const keys = keysToTry(own, secrets, kind);
      if (keys.length === 0) return refused('secret_missing');
      const content = read.content(NO_SECRET);
      if (content === undefined) return refused('signature_malformed');
      const matches = keys.some((key) =>
        read.signatures.some((signature) => isSignature(definition, key, content, signature)),
      );
      return matches ? VERIFIED : refused('signature_mismatch');
    },
    sign() {
      throw new InvalidSettings(
        'A sample of a public-key scheme cannot be signed: only the provider holds the private key. Send a recorded request instead.',
      );
    },
  };
}

/** The key of the definition; a key that is given but unusable is reported. */
export function ownKey(
  pem: string | undefined,
  kind: KeyKind,
  at: string,
  report: Report,
): KeyObject | undefined {
  if (pem === undefined) return undefined;
  const key = readPublicKey(pem, kind);
  if (key === undefined) {
    report(`${at}/publicKey`, `must be a public key in PEM for the algorithm (${kind})`);
  }
  return key;
}

function isSignature(
  { algorithm, ecdsaFormat }: PublicKeyDefinition,
  key: KeyObject,
  content: Buffer,
  signature: Buffer,
): boolean {
  if (algorithm === 'ed25519') return verify(null, content, key, signature);
  const dsaEncoding = ecdsaFormat;
  return verify('sha256', content, { key, dsaEncoding }, signature);
}
