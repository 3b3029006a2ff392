import { PROBE_EVENTS, RUN_EVENTS } from './settings.ts';

/**
 * Whether proofs of passage can be trusted to be complete. `running`: yes. `probing`: in doubt; a few
 * events are published again, and their proof is awaited. `suspended`: what was published again has no
 * proof, so nothing more is.
 */
export type StateName = 'running' | 'probing' | 'suspended';

export type SuspensionReason = 'no_proof_arrives' | 'carried_again_without_proof';

export interface ProofState {
  readonly name: StateName;
  /** Of a suspension. */
  readonly reason: SuspensionReason | null;
  /** When it began, in ms since 1970. */
  readonly sinceMs: number;
}

/** An event that was published again, and what is known of its proof now. */
export interface Awaited {
  readonly attemptedAtMs: number;
  /** `waiting`: proof may still come; `overdue`: it had time to. */
  readonly proof: 'proven' | 'waiting' | 'overdue';
}

/** So many events without proof beside others that got theirs are a matter of these events. */
const FEW = 10;

export interface Evidence {
  readonly awaited: readonly Awaited[];
  /** When the newest message of which there is proof was published, in ms since 1970. */
  readonly newestProofMs: number | undefined;
  /** True in the daily run, which tries a suspension anew. */
  readonly deep: boolean;
}

/** The state after looking at what was published again earlier. `sinceMs` is left to the caller. */
export function nextState(state: ProofState, evidence: Evidence): Omit<ProofState, 'sinceMs'> {
  // Only its own probe decides what becomes of a doubt.
  const cohort = evidence.awaited.filter(
    ({ attemptedAtMs }) => state.name !== 'probing' || attemptedAtMs >= state.sinceMs,
  );
  const proven = cohort.filter(({ proof }) => proof === 'proven').length;
  const waiting = cohort.filter(({ proof }) => proof === 'waiting').length;
  const overdue = cohort.filter(({ proof }) => proof === 'overdue');
  const same = { name: state.name, reason: state.reason };
  if (state.name === 'probing' && waiting > 0) return same;
  if (proven > 0 && proven >= overdue.length) return RUNNING;
  if (state.name === 'suspended') {
    const { newestProofMs = Number.NEGATIVE_INFINITY, deep } = evidence;
    const again = state.reason === 'no_proof_arrives' && newestProofMs > state.sinceMs;
    return again || deep ? PROBING : same;
  }
  if (overdue.length === 0) return same;
  return judge(overdue, evidence.newestProofMs);
}

function judge(overdue: readonly Awaited[], newestProofMs = Number.NEGATIVE_INFINITY) {
  const firstMs = Math.min(...overdue.map(({ attemptedAtMs }) => attemptedAtMs));
  if (newestProofMs < firstMs) return suspended('no_proof_arrives');
  return overdue.length > FEW ? suspended('carried_again_without_proof') : RUNNING;
}

/**
 * True where the newest proof is older than the newest event without one by more than the grace: either
 * nothing was published since, or no proof arrives.
 */
export function isInDoubt(
  newestGapMs: number,
  newestProofMs: number | undefined,
  graceMs: number,
): boolean {
  return newestGapMs - (newestProofMs ?? Number.NEGATIVE_INFINITY) > graceMs;
}

/** How many events a run may publish again. */
export function allowance(state: ProofState, awaited: readonly Awaited[]): number {
  if (state.name === 'running') return RUN_EVENTS;
  const probed = awaited.some(
    ({ attemptedAtMs, proof }) => attemptedAtMs >= state.sinceMs && proof === 'waiting',
  );
  return state.name === 'probing' && !probed ? PROBE_EVENTS : 0;
}

const RUNNING = { name: 'running', reason: null } as const;
const PROBING = { name: 'probing', reason: null } as const;

function suspended(reason: SuspensionReason) {
  return { name: 'suspended', reason } as const;
}
