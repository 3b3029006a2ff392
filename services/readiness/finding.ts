/** How a precondition stands. `unknown` is a gap too: what cannot be told is not ready. */
export const FINDING_STATES = ['ok', 'warning', 'gap', 'unknown', 'not_applicable'] as const;
export type FindingState = (typeof FINDING_STATES)[number];

/** One precondition of onboarding, with what was found. */
export interface Finding {
  /** A stable word for the precondition. */
  readonly check: string;
  /** The connection it is about; null where it is about all of it. */
  readonly connectionId: string | null;
  readonly state: FindingState;
  /** What was looked at and what it said, in a sentence. Never a value of a secret. */
  readonly evidence: string;
  /** What to do about it; absent when nothing. */
  readonly next?: string;
}

export type Decision = 'ready' | 'ready_with_warnings' | 'not_ready';

/** Ready is only what has no gap, and of which everything could be told. */
export function decide(findings: readonly Finding[]): Decision {
  const has = (...states: readonly FindingState[]) =>
    findings.some(({ state }) => states.includes(state));
  if (findings.length === 0 || has('gap', 'unknown')) return 'not_ready';
  return has('warning') ? 'ready_with_warnings' : 'ready';
}
