import { PubSub } from '@google-cloud/pubsub';
import { describe, expect, it } from 'vitest';
import { boundLeaseExtension, type SubscriberInside } from './lease-extension.ts';

interface Inside extends SubscriberInside {
  readonly _latencies: { add(seconds: number): void };
}

/** A subscription that is never opened: nothing is connected to. */
function subscriptionInside(bound: boolean): Inside {
  const pubsub = new PubSub({ projectId: 'acme-events', emulatorMode: true });
  const subscription = pubsub.subscription('orders');
  if (bound) boundLeaseExtension(subscription);
  return (subscription as unknown as { _subscriber: Inside })._subscriber;
}

/** Google's rule, whose result is the longest wait between two extensions. */
const longestWaitMs = ({ ackDeadline, modAckLatency }: SubscriberInside) =>
  ackDeadline * 1_000 * 0.9 - modAckLatency;

describe('lease extension', () => {
  it.each([
    ['answers within a second', 0.05, 1_000],
    ['is slow', 4, 4_000],
    ['answers after 30 s', 30, 5_000],
    ['answers after minutes', 600, 5_000],
  ])('reckons with a latency that leaves time when Pub/Sub %s', (_name, seconds, expectedMs) => {
    const inside = subscriptionInside(true);
    for (let count = 0; count < 10; count += 1) inside._latencies.add(seconds);
    expect(inside.ackDeadline).toBe(10);
    expect(inside.modAckLatency).toBeCloseTo(expectedMs, -2);
    expect(longestWaitMs(inside)).toBeGreaterThanOrEqual(4_000);
  });

  it('is needed: the client alone would not wait at all', () => {
    const inside = subscriptionInside(false);
    inside._latencies.add(30);
    expect(longestWaitMs(inside)).toBeLessThan(0);
  });
});
