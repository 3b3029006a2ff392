import type { Subscription } from '@google-cloud/pubsub';

/** What the client has inside, as of 6.3. */
export interface SubscriberInside {
  /** Seconds. */
  readonly ackDeadline: number;
  /** Milliseconds that extending a lease takes, by its 99th percentile. */
  readonly modAckLatency: number;
}

/** Of the deadline: the client extends after up to nine tenths of it, less the latency. */
const MAX_LATENCY_SHARE = 0.5;

/**
 * Bounds the latency that the client reckons with when it extends leases. It waits for a random part of
 * 0.9 deadlines less that latency: where Pub/Sub answers later than that, as in an outage, the wait is
 * negative, and the client asks to extend every message it holds each millisecond, until memory is out.
 * Measured with @google-cloud/pubsub 6.3 (lease-manager.js, `_getNextExtensionTimeoutMs`).
 */
export function boundLeaseExtension(subscription: Subscription): void {
  const { _subscriber: inside } = subscription as unknown as { _subscriber: SubscriberInside };
  const measured = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(inside), 'modAckLatency');
  Object.defineProperty(inside, 'modAckLatency', {
    get: () => {
      const mostMs = inside.ackDeadline * 1_000 * MAX_LATENCY_SHARE;
      return Math.min(measured?.get?.call(inside) ?? 0, mostMs);
    },
  });
}
