import type { Adapter } from '#adapters/kit/adapter.ts';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import { Problem } from '#schemas/problem.ts';
import type { ConnectionFacts } from './facts.ts';
import { type Decision, decide, type Finding } from './finding.ts';

/** The way by which changes are to come in. */
export type ReadinessPath = 'webhook' | 'poll';

export interface ReadinessQuestion {
  readonly scope: TenantScope;
  readonly adapter: Adapter;
  readonly path: ReadinessPath;
  /** The connections of the provider that the caller sees, or the one that was asked for. */
  readonly connections: readonly ConnectionFacts[];
  /** ms since 1970 */
  readonly nowMs: number;
}

/** Looks at one precondition; what it throws is a finding too. */
export interface ReadinessCheck {
  readonly name: string;
  look(question: ReadinessQuestion): Promise<readonly Finding[]>;
}

export interface Readiness {
  readonly decision: Decision;
  readonly findings: readonly Finding[];
}

/** Below what clients wait for, also when all of it hangs: checks run side by side. */
const CHECK_TIMEOUT_MS = 8_000;

/** Goes through every precondition, in order. Changes nothing. */
export async function assessReadiness(
  checks: readonly ReadinessCheck[],
  question: ReadinessQuestion,
): Promise<Readiness> {
  const found = await Promise.all(checks.map((check) => lookSafely(check, question)));
  const findings = found.flat();
  return { decision: decide(findings), findings };
}

async function lookSafely(
  check: ReadinessCheck,
  question: ReadinessQuestion,
): Promise<readonly Finding[]> {
  try {
    return await inTime(check.look(question));
  } catch (error) {
    return [
      {
        check: check.name,
        connectionId: null,
        state: 'unknown',
        evidence: `It could not be told: ${reasonOf(error)}`,
        next: 'See what /readyz says, and ask again.',
      },
    ];
  }
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new CheckTooSlow()), CHECK_TIMEOUT_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

class CheckTooSlow extends Error {
  constructor() {
    super(`no answer within ${CHECK_TIMEOUT_MS / 1_000} s.`);
  }
}

/** Problems are written for callers; what anything else says may hold more than they should see. */
function reasonOf(error: unknown): string {
  if (error instanceof Problem) return `${error.message} [${error.code}]`;
  return error instanceof CheckTooSlow ? error.message : 'a fault of ours, which the log holds.';
}
