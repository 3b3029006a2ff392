import type { SubscriptionOptions } from '#platform/bus/bus.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** A part of the product that acts on events. */
export interface Consumer {
  /** Name of its subscription and in the ledger; never changed, or every event acts once more. */
  readonly name: string;
  /**
   * Acts on one event. Effects made through `tx` happen exactly when the ledger entry does. What it
   * throws decides how the message goes on: see failures.ts. Any other error is an attempt that counts.
   */
  handle(event: CanonicalEvent, tx: Queryable, handling: Handling): Promise<void>;
  /**
   * Deliveries under way and back-off, as the bus gives them. The lease is 600,000 ms by default: so
   * long a message waits here for infrastructure that is away before it is handed back.
   */
  readonly options?: Omit<SubscriptionOptions, 'deadLetter'>;
  /** Attempts that count before a message is given up. Default 10. */
  readonly maxAttempts?: number;
  /** How long `handle` may take; longer is a failed attempt. Default 20,000 ms. */
  readonly timeoutMs?: number;
  /** Whether `handle` gets the events of canaries too. Default false: they only enter the ledger. */
  readonly canaries?: boolean;
}

/** What a handler may want to know besides the event. */
export interface Handling {
  /** 1 for the first attempt; counts those that failed and counted. */
  readonly attempt: number;
  /** The replay in which the event acts once more, if it does. */
  readonly replayId: string | undefined;
  /** Aborts when the attempt has taken too long; its effects are taken back. */
  readonly signal: AbortSignal;
}
