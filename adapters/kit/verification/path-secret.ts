import type { RefusalReason } from '../adapter.ts';
import { hmac, sameText } from './signature.ts';

/*
 * A second factor for providers whose signature is weak, unofficial or absent: the last segment of
 * the webhook URL. It is derived, so that one secret of a connection is enough and rotates both,
 * and who learns the URL has not learnt the secret.
 */

const LABEL = 'tributary webhook path';
/** 24 bytes are 32 characters of base64url. */
const TOKEN_BYTES = 24;

/** The path segment a secret stands for: 32 characters that need no escape in a URL. */
export function pathSecret(secret: string): string {
  return hmac('sha256', secret, [LABEL]).subarray(0, TOKEN_BYTES).toString('base64url');
}

/** The webhook URL with the path segment of a secret behind it, before any query. */
export function withPathSecret(url: string, secret: string): string {
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark)];
  return `${path}/${pathSecret(secret)}${query}`;
}

/**
 * Checks the path segment behind `/webhooks/{provider}/{connection_id}`, in constant time.
 *
 * @param secrets all active ones: either of two verifies during a rotation
 * @returns undefined when it is right
 */
export function pathSecretRefusal(
  url: string,
  secrets: readonly string[],
): RefusalReason | undefined {
  const sent = /\/webhooks\/[^/?#]+\/[^/?#]+\/([^/?#]+)(?:[?#]|$)/.exec(url)?.[1];
  if (sent === undefined) return 'path_secret_missing';
  const usable = secrets.filter((secret) => secret !== '');
  if (usable.length === 0) return 'secret_missing';
  // Every secret is compared, so that the time does not tell which one it was.
  const matches = usable.map((secret) => sameText(sent, pathSecret(secret)));
  return matches.includes(true) ? undefined : 'path_secret_mismatch';
}
