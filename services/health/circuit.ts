/**
 * closed: calls pass. open: none passes for a while. half_open: one passed, and its outcome is awaited.
 */
export const CIRCUIT_STATES = ['closed', 'open', 'half_open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/** Whether a connection's provider is called at all. */
export interface Circuit {
  readonly state: CircuitState;
  readonly failuresInARow: number;
  /** Since when it is open or half open; null while it is closed. */
  readonly sinceMs: number | null;
}

/** ok: the provider answered, whatever it said. failed: it did not. */
export type CallOutcome = 'ok' | 'failed';

export type Answer =
  /** The call may be made. With `circuit` it is the one that tells, and that is how things stand now. */
  | { readonly allowed: true; readonly circuit?: Circuit }
  | { readonly allowed: false; readonly retryAfterMs: number };

export const CLOSED: Circuit = { state: 'closed', failuresInARow: 0, sinceMs: null };

/** So many failures in a row open it. */
export const OPENS_AFTER = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** The process that made the one call is gone when it has not told by then: calls end sooner. */
export const PROBE_LOST_MS = 60_000;

/**
 * How long an open circuit lets nothing pass: 30 s, 1 min, 2, 4, 8, then 15, each up to a fifth less or
 * more, and never more than 15 min.
 *
 * @param spread from 0 to 1, so that connections do not all come back at once
 */
export function waitMs(failuresInARow: number, spread: number): number {
  const times = Math.max(0, failuresInARow - OPENS_AFTER);
  const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(times, 10), LONGEST_WAIT_MS);
  return Math.min(Math.round(wait * (0.8 + 0.4 * spread)), LONGEST_WAIT_MS);
}

/** When a call may pass again; null while all may. */
export function retryAtMs({ state, failuresInARow, sinceMs }: Circuit, spread: number) {
  if (state === 'closed' || sinceMs === null) return null;
  return sinceMs + (state === 'open' ? waitMs(failuresInARow, spread) : PROBE_LOST_MS);
}

export interface AskOptions {
  readonly nowMs: number;
  /** See `waitMs`. */
  readonly spread: number;
  /** A health check does not wait: it is the cheapest call to find out by. Never two at a time all the same. */
  readonly isCheck?: boolean;
}

/** May a call be made? */
export function ask(circuit: Circuit, { nowMs, spread, isCheck = false }: AskOptions): Answer {
  const retryMs = retryAtMs(circuit, spread);
  if (retryMs === null) return { allowed: true };
  const passes = nowMs >= retryMs || (isCheck && circuit.state === 'open');
  if (!passes) return { allowed: false, retryAfterMs: retryMs - nowMs };
  return { allowed: true, circuit: { ...circuit, state: 'half_open', sinceMs: nowMs } };
}

/**
 * How things stand after a call. What was under way when the circuit opened fails late: that neither counts
 * nor makes the wait longer.
 *
 * @returns the same object when nothing changes
 */
export function afterCall(circuit: Circuit, outcome: CallOutcome, nowMs: number): Circuit {
  const { state } = circuit;
  if (outcome === 'ok') {
    return state === 'closed' && circuit.failuresInARow === 0 ? circuit : CLOSED;
  }
  if (state === 'open') return circuit;
  const failuresInARow = circuit.failuresInARow + 1;
  const opens = state === 'half_open' || failuresInARow >= OPENS_AFTER;
  return opens ? { state: 'open', failuresInARow, sinceMs: nowMs } : { ...circuit, failuresInARow };
}
