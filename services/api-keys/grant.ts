import { InvalidRequest, NotPermitted } from '#schemas/problems.ts';
import { ROLES } from '../access/access.ts';
import { scopesHold } from '../access/key-scopes.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiKeyDraft } from './store.ts';

const DAY_MS = 86_400_000;
/** A key that nobody misses ends by itself. */
export const MAX_DAYS = 365;

/**
 * When a new key ends: as asked, or after the longest time there is.
 *
 * @param asked RFC 3339
 * @throws InvalidRequest when that is past, or further away
 */
export function keyExpiry(asked: string | undefined, nowMs: number): Date {
  const latestMs = nowMs + MAX_DAYS * DAY_MS;
  const expiryMs = asked === undefined ? latestMs : Date.parse(asked);
  if (expiryMs > nowMs && expiryMs <= latestMs) return new Date(expiryMs);
  const message = `It lies in the future, and at most ${MAX_DAYS} days from now.`;
  throw new InvalidRequest('The body is not valid; see errors.', {
    faults: [{ pointer: '/expires_at', message }],
  });
}

/**
 * Nobody hands out more than they have: not a higher role, and by a key neither other scopes nor a longer
 * life than its own.
 *
 * @throws NotPermitted
 */
export function assertMayGrant({ role, apiKey }: Principal, draft: ApiKeyDraft): void {
  if (ROLES.indexOf(draft.role) > ROLES.indexOf(role)) {
    throw new NotPermitted(
      `Your role is ${role}: you cannot make a key of the role ${draft.role}.`,
    );
  }
  if (!apiKey) return;
  const held = apiKey.scopes;
  const wanted = draft.scopes.length === 0 ? ['*'] : draft.scopes;
  const missing = wanted.filter((scope) => !scopesHold(held, scope));
  if (missing.length > 0) {
    throw new NotPermitted(
      `The API key lacks scopes that the new one would have: ${missing.join(', ')}.`,
    );
  }
  if (apiKey.expiresAt && draft.expiresAt > apiKey.expiresAt) {
    throw new NotPermitted('A key made by an API key cannot end later than that. Set expires_at.');
  }
}
