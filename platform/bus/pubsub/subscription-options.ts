import { InvalidRequest } from '#schemas/problems.ts';
import type { SubscriptionOptions } from '../bus.ts';

/** A subscription's options with every default filled in. */
export interface ResolvedOptions {
  readonly maxInFlight: number;
  readonly ordered: boolean;
  readonly leaseMs: number;
  /** Undefined where the caller leaves it to whoever made the subscription. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number } | undefined;
  readonly deadLetter: { readonly topic: string; readonly maxAttempts: number } | undefined;
}

/** Longest delay of a timer; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** Google's proto of RetryPolicy: both back-offs from 0 to 600 s. */
const MAX_BACKOFF_MS = 600_000;
/** Google's proto of DeadLetterPolicy: 5 to 100. Fewer than 5 the driver counts by itself. */
const MAX_ATTEMPTS = 100;

/**
 * Refuses what Pub/Sub cannot do instead of bending it.
 *
 * @param topic of the subscription, which cannot be its own dead-letter topic
 * @throws InvalidRequest naming the option
 */
export function resolveOptions(topic: string, options: SubscriptionOptions): ResolvedOptions {
  const { maxInFlight = 64, ordered = true, leaseMs = 60_000, backoff, deadLetter } = options;
  requireWhole('maxInFlight', maxInFlight, 1, Number.MAX_SAFE_INTEGER);
  requireWhole('leaseMs', leaseMs, 1, MAX_DELAY_MS);
  if (backoff) {
    requireWhole('backoff.minMs', backoff.minMs, 0, MAX_BACKOFF_MS);
    requireWhole('backoff.maxMs', backoff.maxMs, backoff.minMs, MAX_BACKOFF_MS);
  }
  if (deadLetter) {
    requireWhole('deadLetter.maxAttempts', deadLetter.maxAttempts, 1, MAX_ATTEMPTS);
    if (deadLetter.topic === topic) {
      throw new InvalidRequest(`Topic ${topic} cannot be its own dead-letter topic: name another.`);
    }
  }
  return { maxInFlight, ordered, leaseMs, backoff, deadLetter };
}

function requireWhole(option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new InvalidRequest(`${option} must be a whole number from ${min} to ${max} on Pub/Sub.`);
}
