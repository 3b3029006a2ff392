import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { Problem } from '#schemas/problem.ts';
import { ReconcileRunning } from '#schemas/problems.ts';
import { withLease } from '../leases/lease.ts';
import { heldSinceMs } from '../outbox/held-since.ts';
import { type GapCounts, GapLedger, type StuckGap } from './gap-ledger.ts';
import type { RunReport } from './report.ts';
import { type FoundGap, ReconcileRun } from './run.ts';
import { automaticRange, notBeforeMs, type RangeInput, requestedRange } from './run-range.ts';
import type { ReconcileSettings } from './settings.ts';
import { type PastRun, type ReconcileProgress, ReconcileStore, type RunKind } from './store.ts';

export interface ReconcilerOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly database: Database;
  readonly settings: ReconcileSettings;
  /** Consumers know for so long which events they processed. */
  readonly ledgerDays: number;
  readonly log: { info(fields: object, message: string): void };
  readonly onError: (message: string, error: unknown) => void;
}

export interface ReconcileRequest {
  readonly kind: RunKind;
  readonly dryRun?: boolean;
  /** Of a range that an operator asks for, ms since 1970. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface ReconcileOutcome {
  readonly report: RunReport;
  /** Gaps that were found, of every tenant, up to a bound. */
  readonly found: readonly FoundGap[];
}

export interface ReconcileStatus {
  readonly progress: ReconcileProgress;
  readonly counts: GapCounts;
  readonly stuck: readonly StuckGap[];
  readonly runs: readonly PastRun[];
}

const LEASE = { name: 'reconcile' };

/**
 * The safety net over both stores: compares what the outbox holds with what the bus proves it carried,
 * publishes again what has no proof, and appends what has no outbox row.
 * See docs/decisions/0018-reconcile.md.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #store: ReconcileStore;
  readonly #ledger: GapLedger;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#store = new ReconcileStore(options.database);
    this.#ledger = new GapLedger(options.database);
  }

  /** Call it before anything is published for the first time: from then on proofs are complete. */
  begin(): Promise<void> {
    return this.#store.begin(Date.now());
  }

  /**
   * @throws ReconcileRunning when another run is under way, InvalidRequest for a range that cannot be
   *   compared, and what database or warehouse throw where nothing can be compared; watermarks stay
   */
  async run(request: ReconcileRequest): Promise<ReconcileOutcome> {
    const outcome = await withLease(this.#options.database, LEASE, (signal) =>
      this.#run(request, signal),
    );
    if (outcome.held) return outcome.result;
    throw new ReconcileRunning(
      'Another reconciliation is under way. Ask again when it is done: npx tributary reconcile --status.',
      { retryAfterSeconds: 30 },
    );
  }

  /** @param tenantId whose events are named; counts are of all tenants */
  async status(tenantId: string): Promise<ReconcileStatus> {
    const [progress, counts, stuck, runs] = await Promise.all([
      this.#progress(),
      this.#ledger.counts(),
      this.#ledger.stuck(tenantId, 100),
      this.#store.runs(20),
    ]);
    return { progress, counts, stuck, runs };
  }

  /** Lets a suspended reconciliation try once more: the next run publishes a few events. */
  async resume(): Promise<void> {
    const { state } = await this.#progress();
    if (state.name !== 'suspended') return;
    await this.#store.saveState({ name: 'probing', reason: null, sinceMs: Date.now() });
  }

  async #run(request: ReconcileRequest, signal: AbortSignal): Promise<ReconcileOutcome> {
    const { settings, ledgerDays } = this.#options;
    const { kind, dryRun = false } = request;
    const progress = await this.#progress();
    const recent = await this.#store.recentRuns();
    const input: RangeInput = { kind, progress, recent, settings, ledgerDays, nowMs: Date.now() };
    const asked =
      request.fromMs === undefined && request.toMs === undefined
        ? undefined
        : requestedRange(input, { fromMs: request.fromMs, toMs: request.toMs });
    const run = new ReconcileRun(
      { ...this.#options, store: this.#store, ledger: this.#ledger },
      { kind, dryRun, heldSinceMs: await heldSinceMs(this.#options.database) },
      progress.state,
      signal,
    );
    const firstMs = notBeforeMs(input);
    if (progress.publishedThroughMs < firstMs)
      run.report.skipped_before = new Date(firstMs).toISOString();
    const id = await this.#store.beginRun(kind, dryRun, progress);
    try {
      await run.perform((state, mayPublish) => asked ?? automaticRange(input, state, mayPublish));
    } catch (error) {
      run.report.failed = error instanceof Problem ? error.code : 'internal_error';
      throw error;
    } finally {
      // What it tells of itself must not hide why it failed.
      await this.#store.finishRun(id, run.report).catch(() => undefined);
    }
    if (kind === 'deep') await this.#ledger.forget(ledgerDays);
    this.#tell(run.report);
    return { report: run.report, found: run.found };
  }

  async #progress(): Promise<ReconcileProgress> {
    const found = await this.#store.progress();
    if (found) return found;
    await this.begin();
    return this.#progress();
  }

  #tell({ dry_run, publish, append }: RunReport): void {
    if (dry_run || publish.republished + append.appended === 0) return;
    const { republished } = publish;
    const { appended } = append;
    this.#options.log.info({ republished, appended }, 'Reconciliation healed what one side lacked');
  }
}
