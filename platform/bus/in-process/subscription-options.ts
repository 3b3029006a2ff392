import { InvalidRequest } from '#schemas/problems.ts';
import type { SubscriptionOptions } from '../bus.ts';
import { checkName } from './names.ts';

/** A subscription's options with every default filled in. */
export interface ResolvedOptions {
  readonly maxInFlight: number;
  readonly ordered: boolean;
  readonly leaseMs: number;
  readonly backoff: { readonly minMs: number; readonly maxMs: number };
  readonly deadLetter: { readonly topic: string; readonly maxAttempts: number } | undefined;
}

/** Longest delay of a timer; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * @param topic of the subscription, which cannot be its own dead-letter topic
 * @throws InvalidRequest naming the option that makes no sense
 */
export function resolveOptions(topic: string, options: SubscriptionOptions): ResolvedOptions {
  const { maxInFlight = 64, ordered = true, leaseMs = 60_000, deadLetter } = options;
  const backoff = options.backoff ?? { minMs: 100, maxMs: 60_000 };
  requireWhole('maxInFlight', maxInFlight, 1, Number.MAX_SAFE_INTEGER);
  requireWhole('leaseMs', leaseMs, 1, MAX_DELAY_MS);
  requireWhole('backoff.minMs', backoff.minMs, 0, MAX_DELAY_MS);
  requireWhole('backoff.maxMs', backoff.maxMs, backoff.minMs, MAX_DELAY_MS);
  if (deadLetter) {
    requireWhole('deadLetter.maxAttempts', deadLetter.maxAttempts, 1, Number.MAX_SAFE_INTEGER);
    checkName('topic', deadLetter.topic);
    if (deadLetter.topic === topic) {
      throw new InvalidRequest(`Topic ${topic} cannot be its own dead-letter topic: name another.`);
    }
  }
  return { maxInFlight, ordered, leaseMs, backoff, deadLetter };
}

function requireWhole(option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new InvalidRequest(`${option} must be a whole number from ${min} to ${max}.`);
}
