import type { Delivery, DeliveryHandler } from './bus.ts';
import { LeaseExpired } from './dead-letter.ts';

export type Outcome =
  | { readonly settled: true }
  | { readonly settled: false; readonly error: unknown };

/**
 * Gives a delivery to its handler for a limited time.
 *
 * @param onOutcome called once, never before this function returns: with what the handler did, or
 *   with LeaseExpired when it took longer; what it does after that has no effect
 * @returns aborts the handler's signal
 */
export function deliver(
  handler: DeliveryHandler,
  delivery: Delivery,
  leaseMs: number,
  onOutcome: (outcome: Outcome) => void,
): () => void {
  const controller = new AbortController();
  let ended = false;
  const end = (outcome: Outcome) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    onOutcome(outcome);
  };
  const timer = setTimeout(() => {
    const error = new LeaseExpired(`The delivery was not settled in ${leaseMs} ms.`);
    controller.abort(error);
    end({ settled: false, error });
  }, leaseMs).unref();
  call(handler, delivery, controller.signal).then(
    () => end({ settled: true }),
    (error: unknown) => end({ settled: false, error }),
  );
  return () => controller.abort(new Error('The subscription closed without waiting any longer.'));
}

/** Makes a handler that throws at once like one that rejects. */
async function call(handler: DeliveryHandler, delivery: Delivery, signal: AbortSignal) {
  await handler(delivery, signal);
}
