import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, type JWTPayload, SignJWT } from 'jose';

export const GOOGLE_ISSUER = 'https://accounts.google.com';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Signs tokens as Google does for its schedulers, and serves the keys to verify them by. */
export interface TokenIssuer {
  readonly jwksUrl: string;
  /** How often the keys were asked for. */
  readonly fetches: number;
  /**
   * A token with the claims of Google's, see
   * docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions.
   *
   * @param change of claims; undefined leaves one out
   */
  sign(audience: string, email: string, change?: JWTPayload): Promise<string>;
  /** Signs by a new key from now on. The older keys are served on, unless they are dropped. */
  rotate(options?: { readonly dropOlder?: boolean }): Promise<void>;
  /** How the keys are served from now on. Default `keys`. */
  serve(answer: 'keys' | 'error' | 'garbage' | 'silent'): void;
  /** Cuts every connection, also those to come: the port is closed. */
  stop(): Promise<void>;
}

/** Starts an issuer on the loopback interface. */
export async function startTokenIssuer(port = 0): Promise<TokenIssuer> {
  let keys = [await newKey()];
  let mode: 'keys' | 'error' | 'garbage' | 'silent' = 'keys';
  let fetches = 0;
  const server = createServer(async (_request, response) => {
    fetches += 1;
    if (mode === 'silent') return;
    if (mode === 'error') {
      response.writeHead(503).end();
      return;
    }
    const jwks = await Promise.all(
      keys.map(async ({ kid, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg: 'RS256',
        use: 'sig',
      })),
    );
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(mode === 'garbage' ? '<html>' : JSON.stringify({ keys: jwks }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    jwksUrl: `http://127.0.0.1:${bound}/oauth2/v3/certs`,
    get fetches() {
      return fetches;
    },
    sign(audience, email, change = {}) {
      const [key] = keys;
      if (!key) throw new Error('There is no key.');
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        aud: audience,
        azp: '113774264463038321964',
        email,
        email_verified: true,
        exp: now + 3_600,
        iat: now,
        iss: GOOGLE_ISSUER,
        sub: '113774264463038321964',
        ...change,
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
        .sign(key.privateKey);
    },
    async rotate({ dropOlder = false } = {}) {
      keys = [await newKey(), ...(dropOlder ? [] : keys)];
    },
    serve(answer) {
      mode = answer;
    },
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, publicKey, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}
