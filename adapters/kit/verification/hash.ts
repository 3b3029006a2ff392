import { InvalidSettings } from '#schemas/problems.ts';
import type { HashDefinition } from './definitions.ts';
import type { Scheme } from './scheme.ts';
import { keyOf, keysOf } from './secret-key.ts';
import { digest, hmac, refused, sameBytes, VERIFIED } from './signature.ts';
import { compileSignedContent, isVerdict } from './signed-content.ts';

/** `hmac`, a keyed hash of the content; and `digest`, a hash of content that holds the secret. */
export function hashScheme(definition: HashDefinition): Scheme {
  const signed = compileSignedContent(definition);
  const compute = (key: Buffer, content: Buffer) =>
    definition.scheme === 'hmac'
      ? hmac(definition.algorithm, key, [content])
      : digest(definition.algorithm, [content]);
  return {
    name: definition.scheme,
    signsContent: true,
    acceptsPing: definition.unsignedPing === 'ack-and-drop',
    covers: signed.covers,
    verify(reader, secrets) {
      const read = signed.read(reader);
      if (isVerdict(read)) return read;
      const keys = keysOf(definition.secret, secrets);
      if (keys.length === 0) return refused('secret_missing');
      for (const key of keys) {
        const content = read.content(key);
        if (content === undefined) return refused('signature_malformed');
        const expected = compute(key, content);
        if (read.signatures.some((one) => sameBytes(one, expected))) return VERIFIED;
      }
      return refused('signature_mismatch');
    },
    sign: (draft, secret) =>
      signed.sign(draft, (request) => {
        const key = keyOf(definition.secret, secret);
        const content = key === undefined ? undefined : request.content(key);
        if (key !== undefined && content !== undefined) return compute(key, content);
        throw new InvalidSettings(
          'The sample cannot be signed: the secret is not of secret.encoding, or the sample lacks a header that content names.',
        );
      }),
  };
}
