import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Session } from './lifecycle.ts';

/** What ties a callback to the request for consent: the browser alone holds it. */
export function newState(): string {
  return randomBytes(32).toString('base64url');
}

export function isState(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** The verifier of PKCE. Not stored: only this browser, with this state, can make it again. */
export function verifierOf({ secret }: Session, state: string): string {
  return createHmac('sha256', secret).update(`pkce:${state}`).digest('base64url');
}

/** What is stored of a state. */
export function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}
