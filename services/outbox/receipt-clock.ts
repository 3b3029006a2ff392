/**
 * Times of receipt that never go back, also when the machine's clock does: the relay's watermark
 * and the pages of the API rely on their order.
 */
export class ReceiptClock {
  #lastMs: number;

  /** @param notBeforeMs the latest time an earlier run may have given out */
  constructor(notBeforeMs = 0) {
    this.#lastMs = notBeforeMs;
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    this.#lastMs = Math.max(this.#lastMs, Date.now());
    return this.#lastMs;
  }
}
