import { NotPermitted } from '#schemas/problems.ts';
import type { Access } from './access.ts';

/** Parts of the API: the first segment of a path after /v1. docs/access.md lists them; a test compares. */
export const AREAS = [
  'api-keys',
  'audit',
  'audit-log',
  'canaries',
  'connections',
  'consumers',
  'dead-letters',
  'events',
  'metrics',
  'readiness',
  'reconcile',
  'replay-predicates',
  'replays',
  'webhook-requests',
] as const;

/** Every scope there is: what members may do in a part is `read`, what managers may, `write`. */
export const KEY_SCOPES: readonly string[] = AREAS.flatMap((area) => [
  `${area}:read`,
  `${area}:write`,
]);

/** The part of the API that a route is of, by its path. */
export function areaOf(path: string): string {
  return /^\/(?:v1\/)?([^/:]+)/.exec(path)?.[1] ?? '';
}

/** What a key of some scopes needs for a route. */
export function neededScope({ by }: Access, path: string): string {
  return `${areaOf(path)}:${by === 'manager' ? 'write' : 'read'}`;
}

/** Whether scopes hold another one. None at all hold every one; `write` holds `read`. */
export function scopesHold(scopes: readonly string[], needed: string): boolean {
  if (scopes.length === 0) return true;
  return scopes.includes(needed) || scopes.includes(needed.replace(/:read$/, ':write'));
}

/** @throws NotPermitted naming the scope that a key lacks for a route */
export function assertScope(scopes: readonly string[], access: Access, path: string): void {
  const needed = neededScope(access, path);
  if (scopesHold(scopes, needed)) return;
  const advice = KEY_SCOPES.includes(needed)
    ? 'Use a key that has it, or one without scopes.'
    : 'No scope is for this route: use a token.';
  throw new NotPermitted(`The API key lacks the scope ${needed}. ${advice}`);
}
