/** Keeps to a rate: says how long to wait before each batch. */
export class Pace {
  readonly #ratePerSecond: number | null;
  readonly #clock: () => number;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param ratePerSecond null is no limit
   * @param clock milliseconds that only go forward
   */
  constructor(ratePerSecond: number | null, clock: () => number = () => performance.now()) {
    this.#ratePerSecond = ratePerSecond;
    this.#clock = clock;
  }

  /** Events to publish together: a quarter of a second's, so that a pause is noticed soon. */
  get batchSize(): number {
    const quarter = this.#ratePerSecond === null ? MAX_BATCH : Math.ceil(this.#ratePerSecond / 4);
    return Math.min(quarter, MAX_BATCH);
  }

  /** Takes a batch into account. @returns ms to wait before it; time that was idle is not made up for */
  take(count: number): number {
    if (this.#ratePerSecond === null) return 0;
    const nowMs = this.#clock();
    const atMs = Math.max(this.#nextAtMs, nowMs);
    this.#nextAtMs = atMs + (count * 1_000) / this.#ratePerSecond;
    return atMs - nowMs;
  }
}

/** What a crash can repeat at most. */
export const MAX_BATCH = 2_000;
