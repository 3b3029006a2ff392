import type { protos } from '@google-cloud/pubsub';
import { shortName } from './names.ts';
import type { ResolvedOptions } from './subscription-options.ts';

type ISubscription = protos.google.pubsub.v1.ISubscription;
type IDuration = protos.google.protobuf.IDuration;

/** How a subscription delivers again, and where it gives up. */
export interface Policy {
  /** Undefined: again at once. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number } | undefined;
  /** The topic's short name. */
  readonly deadLetter: { readonly topic: string; readonly maxAttempts: number } | undefined;
}

const DEFAULT_BACKOFF = { minMs: 100, maxMs: 60_000 };
/** Google's proto: what 0 and an empty field stand for. */
const DEFAULT_MAX_ATTEMPTS = 5;
/** Google's proto of DeadLetterPolicy: as late as Pub/Sub can give up. */
const MOST_ATTEMPTS = 100;
const DEFAULT_MIN_BACKOFF_MS = 10_000;
const DEFAULT_MAX_BACKOFF_MS = 600_000;

/** The policy a subscription has, with Google's defaults filled in. */
export function policyOf({ retryPolicy, deadLetterPolicy }: ISubscription): Policy {
  return {
    backoff: retryPolicy
      ? {
          minMs: toMs(retryPolicy.minimumBackoff) ?? DEFAULT_MIN_BACKOFF_MS,
          maxMs: toMs(retryPolicy.maximumBackoff) ?? DEFAULT_MAX_BACKOFF_MS,
        }
      : undefined,
    deadLetter: deadLetterPolicy?.deadLetterTopic
      ? {
          topic: shortName(deadLetterPolicy.deadLetterTopic),
          maxAttempts: deadLetterPolicy.maxDeliveryAttempts || DEFAULT_MAX_ATTEMPTS,
        }
      : undefined,
  };
}

/**
 * The policy an emulator's subscription gets. The driver moves dead letters by itself; the policy
 * makes Pub/Sub count attempts. With the most attempts it never acts: when the emulator (0.8.20)
 * moves a message of an ordered subscription, the streams end with UNKNOWN and nothing is moved.
 */
export function emulatorPolicy({ backoff, deadLetter }: ResolvedOptions): Policy {
  return {
    backoff: backoff ?? DEFAULT_BACKOFF,
    deadLetter: deadLetter && { topic: deadLetter.topic, maxAttempts: MOST_ATTEMPTS },
  };
}

/** How a consumer's failed messages go on: as Pub/Sub has it, and no later than the consumer asked. */
export function effectivePolicy(actual: Policy, { deadLetter }: ResolvedOptions): Policy {
  if (!deadLetter || !actual.deadLetter) return actual;
  const maxAttempts = Math.min(deadLetter.maxAttempts, actual.deadLetter.maxAttempts);
  return { ...actual, deadLetter: { topic: deadLetter.topic, maxAttempts } };
}

/** The fields of a subscription that make a policy. */
export function policyFields(
  { backoff, deadLetter }: Policy,
  topicName: (shortName: string) => string,
): Pick<ISubscription, 'retryPolicy' | 'deadLetterPolicy'> {
  return {
    retryPolicy: backoff
      ? { minimumBackoff: toDuration(backoff.minMs), maximumBackoff: toDuration(backoff.maxMs) }
      : null,
    deadLetterPolicy: deadLetter
      ? {
          deadLetterTopic: topicName(deadLetter.topic),
          maxDeliveryAttempts: deadLetter.maxAttempts,
        }
      : null,
  };
}

/** What differs between a subscription's policy and what its consumer asked for, one text each. */
export function policyDifferences(actual: Policy, options: ResolvedOptions): string[] {
  const differences: string[] = [];
  const { backoff, deadLetter } = options;
  if (!actual.backoff) {
    differences.push('it has no retry policy, so a failed message comes back at once');
  } else if (backoff && !sameBackoff(actual.backoff, backoff)) {
    differences.push(
      `it retries after ${actual.backoff.minMs} to ${actual.backoff.maxMs} ms instead of ${backoff.minMs} to ${backoff.maxMs} ms`,
    );
  }
  // A consumer that counts by itself still has Pub/Sub end what it never comes to count.
  const most = deadLetter?.maxAttempts ?? MOST_ATTEMPTS;
  if (actual.deadLetter && actual.deadLetter.maxAttempts < most) {
    differences.push(
      `it gives up after ${actual.deadLetter.maxAttempts} attempts instead of ${deadLetter?.maxAttempts ?? 'never'}`,
    );
  }
  return differences;
}

function sameBackoff(a: { minMs: number; maxMs: number }, b: { minMs: number; maxMs: number }) {
  return a.minMs === b.minMs && a.maxMs === b.maxMs;
}

export function toDuration(ms: number): IDuration {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}

function toMs(duration: IDuration | null | undefined): number | undefined {
  if (!duration) return undefined;
  return Number(duration.seconds ?? 0) * 1_000 + Number(duration.nanos ?? 0) / 1_000_000;
}
