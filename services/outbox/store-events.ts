import type { Bus } from '#platform/bus/bus.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { InvalidRow, NotDurable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { withDeadline } from '../deadline.ts';
import type { Spool } from '../spool/spool.ts';
import { publishEvents } from './publish-events.ts';
import type { PublishGate } from './publish-gate.ts';
import type { PublishProgress } from './publish-progress.ts';

export interface StoreOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly progress: PublishProgress;
  readonly gate: PublishGate;
  /** Where events go that neither of the two confirms in time. */
  readonly spool: Pick<Spool, 'add'>;
  /** How long both stores are waited for. Then one confirmation is enough, or the spool is asked. */
  readonly patienceMs: number;
  /** Longest wait for a durable confirmation of any. */
  readonly deadlineMs: number;
  /** What a refused sender is told to wait. Default 5 s. */
  readonly retryAfterSeconds?: number;
}

/**
 * Makes events durable: appended to the outbox and published at the same time, and spooled where
 * neither is confirmed in time.
 *
 * @throws InvalidRow when the outbox cannot hold them and nothing else does; NotDurable when nothing
 *   durable was confirmed
 */
export function storeEvents(
  events: readonly CanonicalEvent[],
  rows: readonly Row[],
  options: StoreOptions,
): Promise<void> {
  const { bus, warehouse, patienceMs } = options;
  const storing = new Storing(options, events[0]?.received_at ?? '');
  const appended = warehouse
    .append(OUTBOX.name, rows)
    .then(storing.onAppended, storing.onAppendFailed);
  const passed = options.gate
    .pass(() => publishEvents(bus, events), storing.placed)
    .then(storing.onPassed, storing.onPublishFailed);
  const known = Promise.all([appended, passed]);
  return withDeadline(known, patienceMs).then(() =>
    storing.durable ? undefined : rescue(events, storing, known, options),
  );
}

/** Neither store has confirmed: asks the spool, and goes on listening to both. */
async function rescue(
  events: readonly CanonicalEvent[],
  storing: Storing,
  known: Promise<unknown>,
  options: StoreOptions,
): Promise<void> {
  const { deadlineMs, retryAfterSeconds = 5 } = options;
  // No store holds a misfit, and no retry can make it fit.
  if (!storing.misfit) {
    const lastResort = Promise.all([known, spoolEvents(events, storing, options)]);
    const outcome = Promise.race([storing.confirmed, lastResort]);
    await withDeadline(outcome, Math.max(0, deadlineMs - storing.elapsedMs));
  }
  storing.onOver();
  if (storing.durable) return;
  if (storing.misfit) throw storing.misfit;
  const late = storing.errors.length === 0 ? ` within ${deadlineMs} ms` : '';
  throw new NotDurable(
    `No durable store confirmed the events${late}. Send the same request again: repetitions have no further effect.`,
    { retryAfterSeconds, cause: storing.errors[0] },
  );
}

async function spoolEvents(
  events: readonly CanonicalEvent[],
  storing: Storing,
  { bus, spool, progress }: StoreOptions,
): Promise<void> {
  try {
    await spool.add(events, progress.missing);
    storing.onSpooled();
  } catch (error) {
    storing.onFailed(error);
    if (!storing.left || !bus.durable) return;
    // Kept back for the order's sake: better out of turn than refused.
    await publishEvents(bus, events).then(storing.onPublishedPast, storing.onFailed);
  }
}

/** What is known of one batch on its way. */
class Storing {
  durable = false;
  /** Left to the relay, as earlier events wait for it. */
  left = false;
  readonly errors: unknown[] = [];
  readonly #options: StoreOptions;
  readonly #receivedAt: string;
  readonly #publishing: ReturnType<PublishProgress['begin']>;
  readonly #startedAtMs = performance.now();
  readonly #confirmed = Promise.withResolvers<void>();
  /** Whether the outbox holds it, once that is known. */
  #inOutbox: boolean | undefined;
  #spooled = false;
  /** Whether the bus has confirmed it, once it is known. */
  #carried: boolean | undefined;
  #ended = false;
  #isOver = false;
  #onPlaced: PromiseWithResolvers<void> | undefined;

  constructor(options: StoreOptions, receivedAt: string) {
    this.#options = options;
    this.#receivedAt = receivedAt;
    this.#publishing = options.progress.begin(receivedAt);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Resolves at the first durable confirmation. */
  get confirmed(): Promise<void> {
    return this.#confirmed.promise;
  }

  /** Resolves once it is known where the events are to be found. */
  readonly placed = (): Promise<void> => {
    if (this.#isPlaced) return Promise.resolve();
    this.#onPlaced ??= Promise.withResolvers<void>();
    return this.#onPlaced.promise;
  };

  readonly onAppended = (): void => {
    this.#inOutbox = true;
    this.#confirm();
    this.#end();
  };

  readonly onAppendFailed = (error: unknown): void => {
    this.#inOutbox = false;
    this.errors.push(error);
    this.#end();
  };

  readonly onPassed = (passage: 'confirmed' | 'left'): void => {
    this.left = passage === 'left';
    this.#carried = !this.left;
    if (this.#carried && this.#options.bus.durable) this.#confirm();
    this.#end();
  };

  readonly onPublishFailed = (error: unknown): void => {
    this.#carried = false;
    this.errors.push(error);
    this.#end();
  };

  readonly onSpooled = (): void => {
    this.#spooled = true;
    // Also where that is known too late for `#end`: the relay must not carry newer ones past it.
    if (this.#carried === false) this.#options.progress.spooled(this.#receivedAt);
    this.#confirm();
    this.#end();
  };

  /** Nothing more is tried. */
  readonly onOver = (): void => {
    this.#isOver = true;
    this.#end();
  };

  readonly onPublishedPast = (): void => this.#confirm();

  readonly onFailed = (error: unknown): void => {
    this.errors.push(error);
  };

  get misfit(): unknown {
    return this.errors.find((error) => error instanceof InvalidRow);
  }

  #confirm(): void {
    this.durable = true;
    this.#confirmed.resolve();
  }

  /** Tells the relay, once it is known what the bus did and where the events are. */
  #end(): void {
    if (this.#isPlaced) this.#onPlaced?.resolve();
    if (this.#ended || this.#carried === undefined || !(this.#carried || this.#isPlaced)) return;
    this.#ended = true;
    if (this.#carried) this.#publishing.succeed();
    else if (this.#inOutbox) this.#publishing.fail('outbox');
    else this.#publishing.fail(this.#spooled ? 'spool' : 'nowhere');
  }

  get #isPlaced(): boolean {
    return this.#inOutbox || this.#spooled || (this.#isOver && this.#inOutbox === false);
  }
}
