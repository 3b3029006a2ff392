/** What the processes that accept events count; Postgres counts the rest. */
export type AcceptanceMeasure = 'requests_accepted' | 'events_accepted' | 'events_resolved';

/** A count as it stood at one moment. */
export interface Count {
  readonly measure: AcceptanceMeasure;
  readonly tenantId: string;
  /** Milliseconds since 1970 at which the minute of receipt begins. */
  readonly minuteMs: number;
  readonly reporter: string;
  readonly total: number;
}

interface Entry extends Omit<Count, 'total'> {
  total: number;
  writtenTotal: number;
  changedAtMs: number;
}

export interface TallyOptions {
  /** Name of this run of the process, which no other has. */
  readonly reporter: string;
  /** Most counts kept at once. */
  readonly maxEntries: number;
}

const MINUTE_MS = 60_000;

/**
 * Counts by measure, tenant and minute of receipt. A count grows for as long as it is kept, so that
 * writing it once more does no harm and a lost write is made up by the next one.
 */
export class Tally {
  readonly #options: TallyOptions;
  readonly #entries = new Map<string, Entry>();
  /** The count that was added to last, which is most often the next one too. */
  #latest: Entry | undefined;
  /** Of a count that was forgotten a new one begins at zero: it must not replace what is written. */
  #generation = 0;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param receivedAtMs instant within the minute
   * @param nowMs milliseconds that only go forward
   * @returns false when there is no room for one more count, which is then missing
   */
  add(
    measure: AcceptanceMeasure,
    tenantId: string,
    receivedAtMs: number,
    count: number,
    nowMs: number,
  ): boolean {
    const minuteMs = receivedAtMs - (receivedAtMs % MINUTE_MS);
    const entry = this.#find(measure, tenantId, minuteMs);
    if (!entry) return false;
    entry.total += count;
    entry.changedAtMs = nowMs;
    return true;
  }

  #find(measure: AcceptanceMeasure, tenantId: string, minuteMs: number): Entry | undefined {
    const latest = this.#latest;
    if (
      latest?.minuteMs === minuteMs &&
      latest.tenantId === tenantId &&
      latest.measure === measure
    ) {
      return latest;
    }
    const key = `${measure} ${minuteMs} ${tenantId}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      if (this.#entries.size >= this.#options.maxEntries) return undefined;
      const reporter = `${this.#options.reporter}.${this.#generation}`;
      entry = { measure, tenantId, minuteMs, reporter, total: 0, writtenTotal: 0, changedAtMs: 0 };
      this.#entries.set(key, entry);
    }
    this.#latest = entry;
    return entry;
  }

  /** Counts that are not written as they are now. */
  due(): Count[] {
    return [...this.#entries.values()]
      .filter(({ total, writtenTotal }) => total !== writtenTotal)
      .map(({ measure, tenantId, minuteMs, reporter, total }) => ({
        measure,
        tenantId,
        minuteMs,
        reporter,
        total,
      }));
  }

  /** Notes that these counts are durable. */
  written(counts: readonly Count[]): void {
    for (const { measure, minuteMs, tenantId, total } of counts) {
      const entry = this.#entries.get(`${measure} ${minuteMs} ${tenantId}`);
      if (entry) entry.writtenTotal = total;
    }
  }

  /** Forgets counts that are written and have not changed since then. */
  forgetUnchangedSince(sinceMs: number): void {
    this.#latest = undefined;
    const before = this.#entries.size;
    for (const [key, { total, writtenTotal, changedAtMs }] of this.#entries) {
      if (total === writtenTotal && changedAtMs < sinceMs) this.#entries.delete(key);
    }
    if (this.#entries.size < before) this.#generation += 1;
  }
}
