import type { JWTVerifyGetKey } from 'jose';
import { openSigningKey } from '#platform/jwt/signing-key.ts';

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

const LIFETIME_SECONDS = 3_600;

/** Opens the signer. @throws InvalidConfig when the key file is there but is no RSA private key */
export async function openTaskSigner(options: TaskSignerOptions): Promise<TaskSigner> {
  const { keyDir, issuer, audience, email } = options;
  const key = await openSigningKey(keyDir, 'task-signing.key');
  // The claims of Google's own tokens, see docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions.
  const claims = {
    iss: issuer,
    aud: audience,
    sub: email,
    azp: email,
    email,
    email_verified: true,
  };
  return { jwks: key.jwks, sign: (nowMs) => key.sign(claims, nowMs, LIFETIME_SECONDS) };
}
