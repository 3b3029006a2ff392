import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { Carriage } from '#schemas/cloudevents.ts';
import { Problem } from '#schemas/problem.ts';
import { type OutboxRow, rowToEvent } from '../outbox/event-row.ts';
import { type OutboxPosition, readOutbox } from '../outbox/outbox-reader.ts';
import { publishEvents } from '../outbox/publish-events.ts';
import type { Pace } from './pace.ts';
import { outboxFilter, receiptRange } from './predicate.ts';
import type { Replay } from './replay.ts';
import type { ReplayProgress } from './replay-progress.ts';

export interface CarryOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly progress: ReplayProgress;
  readonly pace: Pace;
  /** Stops it after the batch under way; another process then goes on. */
  readonly signal: AbortSignal;
  readonly onError: (message: string, error: unknown) => void;
  /** First wait for a capability that is away; doubles up to 30 s. Default 1,000 ms. */
  readonly retryMs?: number;
}

const MAX_RETRY_MS = 30_000;

/**
 * Publishes what a replay means, from its position on: a batch, its confirmation, the position. What is
 * away is waited for; what no waiting mends ends the replay as failed, from where it can be resumed.
 *
 * @throws DatabaseUnavailable when the replay itself cannot be saved: it is picked up again
 */
export async function carryReplay(options: CarryOptions): Promise<void> {
  const { progress, signal, onError, retryMs = 1_000 } = options;
  const { id } = progress.replay;
  let position = progress.replay.position ?? undefined;
  let waitMs = retryMs;
  const confirm = (last: OutboxPosition, count: number) => {
    position = last;
    waitMs = retryMs;
    return progress.confirm(last, count);
  };
  for (;;) {
    try {
      if (await publishFrom(options, position, confirm)) await progress.finish();
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (isOfDatabase(error)) throw error;
      if (!(error instanceof Problem && error.kind.next === 'retry_later')) {
        onError(`Replay ${id} has failed.`, error);
        await progress.fail(reasonOf(error));
        return;
      }
      onError(`Replay ${id} waits; it goes on by itself.`, error);
      if (!(await progress.wait(error.code))) return;
    }
    if (!(await sleep(waitMs, signal))) return;
    waitMs = Math.min(waitMs * 2, MAX_RETRY_MS);
  }
}

/** @returns true at the end of the range, false when it was told to stop */
async function publishFrom(
  { bus, warehouse, progress, pace, signal }: CarryOptions,
  after: OutboxPosition | undefined,
  confirm: (last: OutboxPosition, count: number) => Promise<boolean>,
): Promise<boolean> {
  const { tenantId, predicate } = progress.replay;
  const filter = outboxFilter(tenantId, predicate);
  const carriage = carriageOf(progress.replay);
  for await (const rows of readOutbox(warehouse, { ...receiptRange(predicate), filter, after })) {
    for (const batch of batches(rows, pace.batchSize)) {
      if (!(await sleep(pace.take(batch.length), signal))) return false;
      await publishEvents(bus, batch.map(rowToEvent), carriage);
      const last = batch.at(-1);
      if (last && !(await confirm(positionOf(last), batch.length))) return false;
    }
  }
  return !signal.aborted;
}

function carriageOf({ id, consumer, mode }: Replay): Carriage {
  return {
    carried_again: 'replay',
    replay_id: id,
    replay_mode: mode,
    ...(consumer !== null && { only_consumer: consumer }),
  };
}

function positionOf({ received_at, occurred_at, event_id }: OutboxRow): OutboxPosition {
  return { received_at, occurred_at, event_id };
}

function* batches(rows: readonly OutboxRow[], size: number): Generator<readonly OutboxRow[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

function isOfDatabase(error: unknown): boolean {
  return error instanceof Problem && error.code === 'database_unavailable';
}

/** For the receipt: what others threw may hold values of customers. */
function reasonOf(error: unknown): string {
  return error instanceof Problem
    ? `${error.code}: ${error.message}`
    : 'internal_error: the log holds the cause.';
}

/** @returns false when it was told to stop */
async function sleep(waitMs: number, signal: AbortSignal): Promise<boolean> {
  if (waitMs > 0 && !signal.aborted) {
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return !signal.aborted;
}
