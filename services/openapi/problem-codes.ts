import {
  BodyTooLarge,
  DatabaseUnavailable,
  IdempotencyKeyReused,
  InternalError,
  InvalidRequest,
  NotAuthenticated,
  NotFound,
  NotPermitted,
  OrgRequired,
  RateLimited,
  RequestInProgress,
  ShuttingDown,
} from '#schemas/problems.ts';
import type { Access } from '../access/access.ts';
import type { RouteFacts } from './describe-route.ts';
import type { Operation } from './document-types.ts';

/** Codes that an operation may answer with: what follows from its parts, and what its route names. */
export function problemCodes(operation: Operation, path: string, facts: RouteFacts): string[] {
  const kinds = [
    ...(operation.requestBody || operation.parameters ? [InvalidRequest] : []),
    ...accessProblems(facts.access),
    ...(path.includes('{') ? [NotFound] : []),
    ...(operation.requestBody ? [BodyTooLarge] : []),
    ...(facts.idempotent ? [RequestInProgress, IdempotencyKeyReused] : []),
    RateLimited,
    InternalError,
    DatabaseUnavailable,
    ShuttingDown,
  ];
  return [...kinds.map(({ kind }) => kind.code), ...facts.problems];
}

function accessProblems(access: Access) {
  if (access.by === 'anyone') return [];
  const ofNoOrg = access.scope === 'platform' || access.scope === 'installation';
  return [
    ...(access.scope === 'org' ? [OrgRequired] : []),
    NotAuthenticated,
    ...(access.by === 'manager' || ofNoOrg ? [NotPermitted] : []),
  ];
}
