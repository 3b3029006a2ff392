import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { Problem } from '#schemas/problem.ts';
import { appendMissing } from './append-missing.ts';
import type { Direction, GapLedger } from './gap-ledger.ts';
import { allowance, isInDoubt, nextState, type ProofState } from './proof-state.ts';
import { publishMissing, type Unpublished } from './publish-missing.ts';
import { newReport, type RunReport } from './report.ts';
import type { RunRange } from './run-range.ts';
import { type Gap, type GapPage, iso, scanGaps } from './scan-gaps.ts';
import { DAY_MS, type ReconcileSettings, RUN_BUDGET_MS, RUN_EVENTS } from './settings.ts';
import type { ReconcileStore, RunKind } from './store.ts';
import { newestProofMs, type Verified, verifyCarried, verifyGivenUp } from './verify-carried.ts';
import type { TimeRange } from './windows.ts';
import { withoutProof } from './without-proof.ts';

export interface RunParts {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly store: ReconcileStore;
  readonly ledger: GapLedger;
  readonly settings: ReconcileSettings;
  readonly onError: (message: string, error: unknown) => void;
}

export interface RunRequest {
  readonly kind: RunKind;
  readonly dryRun: boolean;
  /** From this time of receipt on, ms since 1970, the relay carries what is missing, in its order. */
  readonly heldSinceMs: number | undefined;
}

/** A gap that was found, of whichever tenant. */
export interface FoundGap {
  readonly direction: Direction;
  readonly eventId: string;
  readonly tenantId: string;
}

/** So many gaps are named; the others are counted. */
const NAMED_GAPS = 1_000;

/** One run: looks after what was published again earlier, compares, and heals what it finds. */
export class ReconcileRun {
  readonly #parts: RunParts;
  readonly #request: RunRequest;
  readonly #signal: AbortSignal;
  readonly #startedAtMs = Date.now();
  readonly #found: FoundGap[] = [];
  readonly report: RunReport;
  #state: ProofState;
  /** Events that may still be published again in this run. */
  #publishable = 0;
  #appendable = RUN_EVENTS;
  /** Directions that do nothing more in this run: their watermarks stay where they are. */
  readonly #stopped = new Set<Direction>();

  /** @param signal aborts when another process may be at the same work */
  constructor(parts: RunParts, request: RunRequest, state: ProofState, signal: AbortSignal) {
    this.#parts = parts;
    this.#request = request;
    this.#state = state;
    this.#signal = signal;
    this.report = newReport(request.kind, request.dryRun);
  }

  /** Gaps that were found, up to a bound. */
  get found(): readonly FoundGap[] {
    return this.#found;
  }

  /**
   * @param rangeFor what to compare, given how far the proofs can be trusted now
   * @throws what the warehouse or the database throws where nothing can be compared; what one
   *   direction cannot do stands in the report
   */
  async perform(rangeFor: (state: ProofState, mayPublish: boolean) => RunRange): Promise<void> {
    const { dryRun } = this.#request;
    const verified = dryRun ? undefined : await this.#verify();
    const range = rangeFor(this.#state, dryRun || this.#publishable > 0);
    await this.#compare(range);
    if (!dryRun) {
      if (verified) await this.#endIdleProbe(verified);
      this.report.publish.awaiting = (await this.#parts.ledger.counts()).carried;
    }
    this.report.state = this.#state.name;
    this.report.reason = this.#state.reason;
  }

  async #verify(): Promise<Verified> {
    const { warehouse, ledger, settings } = this.#parts;
    const deep = this.#request.kind === 'deep';
    if (deep) await verifyGivenUp(warehouse, ledger);
    const verified = await verifyCarried(warehouse, ledger, settings.graceMs);
    const { publish } = this.report;
    publish.proven += verified.proven;
    publish.unproven += verified.unproven;
    const isDecided = verified.awaited.length === 0 && this.#state.name === 'running';
    const proofMs = isDecided ? undefined : await this.#newestProofMs();
    const evidence = { awaited: verified.awaited, newestProofMs: proofMs, deep };
    await this.#enter(nextState(this.#state, evidence));
    this.#publishable = allowance(this.#state, verified.awaited);
    const due = verified.overdue.filter((gap) => this.#isDue(gap));
    await this.#heal('publish', () => this.#publish(due));
    return verified;
  }

  /** Not held back: nothing earlier of its entity waits to be carried. */
  #isDue({ atMs }: Unpublished): boolean {
    return atMs < (this.#request.heldSinceMs ?? Number.POSITIVE_INFINITY);
  }

  async #compare(range: RunRange): Promise<void> {
    const { fromMs, toMs, advances } = range;
    if (fromMs >= toMs) return;
    const { store, warehouse, settings } = this.#parts;
    this.report.compared_from = iso(fromMs);
    for await (const page of scanGaps(warehouse, range, settings)) {
      this.#signal.throwIfAborted();
      const published = await this.#onUnpublished(page, range);
      const appended = await this.#onUnstored(page.gaps.filter(({ side }) => side === 'proof'));
      this.report.compared_to = iso(page.throughMs);
      if (advances && !this.#request.dryRun && this.#state.name === 'running') {
        const through = (direction: Direction, doneMs: number | undefined) =>
          this.#stopped.has(direction) ? doneMs : page.throughMs;
        await store.advance({
          publishedMs: through('publish', published),
          appendedMs: through('append', appended),
        });
      }
      const isLate = Date.now() - this.#startedAtMs > RUN_BUDGET_MS;
      if (this.#stopped.size === 2 || (isLate && page.throughMs < toMs)) {
        this.report.complete = false;
        return;
      }
    }
  }

  /** @returns up to where all is done, when that is not the end of the page */
  async #onUnpublished(page: GapPage, range: TimeRange): Promise<number | undefined> {
    const fresh = await this.#withoutKnown('publish', page.gaps.filter(isUnpublished));
    const { warehouse, settings } = this.#parts;
    const missing = await withoutProof(fresh, { page, range, warehouse, settings });
    this.report.publish.found += missing.length;
    this.#name('publish', missing);
    if (this.#request.dryRun || missing.length === 0 || this.#stopped.has('publish'))
      return undefined;
    const due = missing.filter((gap) => this.#isDue(gap));
    if (due.length > 0) await this.#doubt(due);
    const allowed = due.slice(0, this.#publishable);
    await this.#heal('publish', () => this.#publish(allowed));
    const next = missing[allowed.length];
    if (!next || this.#stopped.has('publish')) return undefined;
    this.#stop('publish');
    return next.atMs;
  }

  async #onUnstored(gaps: readonly Gap[]): Promise<number | undefined> {
    const { warehouse, ledger, settings } = this.#parts;
    const { dryRun } = this.#request;
    const { append } = this.report;
    if (this.#stopped.has('append')) return undefined;
    const fresh = await this.#withoutKnown('append', gaps);
    const allowed = fresh.slice(0, this.#appendable);
    this.#appendable -= allowed.length;
    await this.#heal('append', async () => {
      const options = { warehouse, ledger, settings, dryRun, signal: this.#signal };
      const { appended, unusable } = await appendMissing(allowed, options);
      append.found += appended.length + unusable;
      append.unusable += unusable;
      if (!dryRun) append.appended += appended.length;
      this.#name('append', appended);
    });
    const next = fresh[allowed.length];
    if (!next || this.#stopped.has('append')) return undefined;
    this.#stop('append');
    return next.atMs;
  }

  async #publish(gaps: readonly Unpublished[]): Promise<void> {
    const { bus, warehouse, ledger } = this.#parts;
    const allowed = gaps.slice(0, this.#publishable);
    this.#publishable -= allowed.length;
    const options = { bus, warehouse, ledger, signal: this.#signal };
    const { republished, unusable } = await publishMissing(allowed, options);
    this.report.publish.republished += republished;
    this.report.publish.unusable += unusable;
  }

  /** Where proofs lag behind what is missing, only a few events go first. */
  async #doubt(missing: readonly Unpublished[]): Promise<void> {
    if (this.#state.name !== 'running') return;
    const newestMs = Math.max(...missing.map(({ atMs }) => atMs));
    const { graceMs } = this.#parts.settings;
    if (!isInDoubt(newestMs, await this.#newestProofMs(), graceMs)) return;
    await this.#enter({ name: 'probing', reason: null });
    this.#publishable = Math.min(this.#publishable, allowance(this.#state, []));
  }

  /** A probe for which nothing is missing any more has nothing to find out. */
  async #endIdleProbe({ awaited }: Verified): Promise<void> {
    const { publish, complete, failures } = this.report;
    const isIdle = publish.found === 0 && publish.republished === 0 && failures.length === 0;
    const awaitsNone = awaited.every(({ proof }) => proof === 'proven');
    if (this.#state.name === 'probing' && isIdle && awaitsNone && complete)
      await this.#enter({ name: 'running', reason: null });
  }

  async #enter(next: Omit<ProofState, 'sinceMs'>): Promise<void> {
    if (next.name === this.#state.name && next.reason === this.#state.reason) return;
    this.#state = { ...next, sinceMs: Date.now() };
    await this.#parts.store.saveState(this.#state);
    if (next.name === 'suspended')
      this.#parts.onError(
        `Reconciliation is suspended (${next.reason}): events that it published again have no proof of passage. Mend what writes integration_events_published.`,
        undefined,
      );
  }

  /** Does what one direction does: what hinders it now must not hinder the other. */
  async #heal(direction: Direction, work: () => Promise<void>): Promise<void> {
    if (this.#stopped.has(direction)) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#stop(direction);
      this.report.failures.push({ direction, code: error.code });
      this.#parts.onError(
        `Reconciliation could not ${direction} what is missing; the next run tries again.`,
        error,
      );
    }
  }

  #stop(direction: Direction): void {
    this.#stopped.add(direction);
    this.report.complete = false;
  }

  async #withoutKnown<Some extends { readonly eventId: string }>(
    direction: Direction,
    gaps: readonly Some[],
  ): Promise<Some[]> {
    const ids = gaps.map(({ eventId }) => eventId);
    const known = await this.#parts.ledger.known(direction, ids);
    return gaps.filter(({ eventId }) => !known.has(eventId));
  }

  #newestProofMs(): Promise<number | undefined> {
    return newestProofMs(this.#parts.warehouse, this.#startedAtMs - DAY_MS);
  }

  #name(direction: Direction, gaps: readonly { eventId: string; tenantId: string }[]): void {
    const room = Math.max(0, NAMED_GAPS - this.#found.length);
    for (const { eventId, tenantId } of gaps.slice(0, room))
      this.#found.push({ direction, eventId, tenantId });
  }
}

function isUnpublished(gap: Gap): gap is Gap & Unpublished {
  return gap.side === 'outbox' && gap.tenantId !== null;
}
