import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SecretsKey } from './key.ts';

const ALGORITHM = 'aes-256-gcm';
/** 96 bits, random for every encryption: NIST SP 800-38D, 8.2.2. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const base64 = z.base64();

export const sealedSchema = z.strictObject({
  /** Id of the key it is encrypted under. */
  keyId: z.string(),
  nonce: base64,
  ciphertext: base64,
  tag: base64,
});

/** An encrypted value, as it stands in a file. */
export type Sealed = z.infer<typeof sealedSchema>;

/** Encrypts a value for one version of one secret; it can be decrypted as nothing else. */
export function seal(key: SecretsKey, ref: string, version: number, value: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(ref, version));
  const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return {
    keyId: key.id,
    nonce: nonce.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/** @throws Error when the key is not the one, or anything was changed; it tells nothing of the value */
export function unseal(key: SecretsKey, ref: string, version: number, sealed: Sealed): string {
  const nonce = Buffer.from(sealed.nonce, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(ref, version));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  const value = Buffer.concat([
    decipher.update(Buffer.from(sealed.ciphertext, 'base64')),
    decipher.final(),
  ]);
  return value.toString('utf8');
}

/** Associated data. As JSON, no other reference and version spell the same bytes. */
function boundTo(ref: string, version: number): Buffer {
  return Buffer.from(JSON.stringify(['tributary secret 1', ref, version]));
}
