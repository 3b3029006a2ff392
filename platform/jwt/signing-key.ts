import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  SignJWT,
} from 'jose';
import { createFile } from '#platform/secrets/durable-file.ts';
import { InvalidConfig } from '#schemas/problems.ts';

/** Signs tokens of this installation. */
export interface SigningKey {
  /** The public key, to verify them by. */
  readonly jwks: JWTVerifyGetKey;
  /**
   * @param claims besides `iat` and `exp`
   * @param nowMs when it is issued, ms since 1970
   */
  sign(claims: JWTPayload, nowMs: number, lifetimeSeconds: number): Promise<string>;
}

const MODULUS_BITS = 2048;

/**
 * Opens an RSA key in the key folder, which is made (mode 0600) when it is missing. Losing it is
 * harmless: another one is made, and tokens that it signed stop to be valid.
 *
 * @param file its name, such as `task-signing.key`
 * @throws InvalidConfig when the file is there but is no RSA private key
 */
export async function openSigningKey(keyDir: string, file: string): Promise<SigningKey> {
  const key = await openKey(keyDir, file);
  const publicJwk = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    jwks: createLocalJWKSet({ keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] }),
    sign(claims, nowMs, lifetimeSeconds) {
      const issuedAt = Math.floor(nowMs / 1000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },
  };
}

async function openKey(keyDir: string, file: string): Promise<KeyObject> {
  const path = join(keyDir, file);
  const existing = await readKey(path);
  if (existing) return existing;
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  await createFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  // Read back: another process may have been faster.
  return (await readKey(path)) ?? privateKey;
}

async function readKey(path: string): Promise<KeyObject | undefined> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  throw new InvalidConfig(
    `The key ${path} cannot be read as an RSA private key. Check its owner and mode, or delete it: a new one is made at the next start.`,
  );
}
