import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  type JWTVerifyGetKey,
  SignJWT,
} from 'jose';
import { createFile } from '#platform/secrets/durable-file.ts';
import { InvalidConfig } from '#schemas/problems.ts';

export interface TaskSignerOptions {
  /** Folder of the key, which is made (mode 0600) when it is missing. */
  readonly keyDir: string;
  readonly issuer: string;
  readonly audience: string;
  readonly email: string;
}

/** Signs the calls of the in-process scheduler, as Google signs those of Cloud Scheduler. */
export interface TaskSigner {
  /** The public key, for createTaskTokenVerifier. */
  readonly jwks: JWTVerifyGetKey;
  /** A token that is valid for an hour from `nowMs`. */
  sign(nowMs: number): Promise<string>;
}

const KEY_FILE = 'task-signing.key';
const MODULUS_BITS = 2048;
const LIFETIME_SECONDS = 3_600;

/**
 * Opens the signer. Losing its key is harmless: another one is made, and only tokens of the last
 * hour stop to be valid.
 *
 * @throws InvalidConfig when the key file is there but is no RSA private key
 */
export async function openTaskSigner(options: TaskSignerOptions): Promise<TaskSigner> {
  const { keyDir, issuer, audience, email } = options;
  const key = await openKey(keyDir);
  const publicJwk = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    jwks: createLocalJWKSet({ keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] }),
    sign(nowMs) {
      const issuedAt = Math.floor(nowMs / 1000);
      // The claims of Google's own tokens, see docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions.
      return new SignJWT({ azp: email, email, email_verified: true })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(email)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + LIFETIME_SECONDS)
        .sign(key);
    },
  };
}

async function openKey(keyDir: string): Promise<KeyObject> {
  const path = join(keyDir, KEY_FILE);
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
