import { hash, randomBytes } from 'node:crypto';

/** A key as it is made: `tk_<8 characters of its id>_<43 characters of base64url>`. */
export interface NewApiKey {
  /** `tk_` and eight characters. Not secret: people tell keys apart by it. */
  readonly id: string;
  /** How the key begins. */
  readonly prefix: string;
  /** The whole key. Shown once, never stored. */
  readonly key: string;
  readonly hash: string;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const KEY = /^tk_[a-z2-7]{8}_[\w-]{43}$/;
const SECRET_BYTES = 32;

export function makeApiKey(): NewApiKey {
  const characters = Array.from(randomBytes(8), (byte) => ALPHABET.charAt(byte & 31));
  const id = `tk_${characters.join('')}`;
  const key = `${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, prefix: `${id}_`, key, hash: apiKeyHash(key) };
}

/** Whether a bearer token is of this kind; it may still be nobody's. */
export function isApiKey(presented: string): boolean {
  return KEY.test(presented);
}

/**
 * What a key is stored and looked up by. A fast hash is enough: a key has 256 random bits, so there is
 * nothing to guess that a slow one would slow down.
 */
export function apiKeyHash(key: string): string {
  return hash('sha256', key, 'hex');
}
