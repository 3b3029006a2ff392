/**
 * How far a subscription has come. Every position below `readTo` is settled except those listed,
 * each with the attempts that failed so far; nothing from `readTo` on is settled.
 */
export interface CursorState {
  readonly readTo: number;
  /** Ascending positions. */
  readonly unsettled: readonly (readonly [position: number, failedAttempts: number])[];
}

/** Tracks which positions are settled. Positions are read in ascending order; some never exist. */
export class Cursor {
  /** Ascending: positions enter when they are read, in order. */
  readonly #unsettled: Map<number, number>;
  #readTo: number;
  #expected: number;

  constructor(state: CursorState) {
    this.#unsettled = new Map(state.unsettled);
    this.#readTo = state.readTo;
    this.#expected = this.low;
  }

  /** The lowest position that may have to be delivered; all below are settled for good. */
  get low(): number {
    for (const position of this.#unsettled.keys()) return position;
    return this.#readTo;
  }

  /** Positions beyond all that were ever read. */
  get readTo(): number {
    return this.#readTo;
  }

  /** How many of the positions that were read are not settled. */
  get unsettledCount(): number {
    return this.#unsettled.size;
  }

  /** Starts reading again from `low`; what was read and not settled is to be delivered again. */
  rewind(): void {
    this.#expected = this.low;
  }

  /**
   * Notes that a position was read.
   *
   * @param position above those read since the last `rewind`
   * @returns its failed attempts so far, or undefined when it is settled and not to be delivered
   */
  admit(position: number): number | undefined {
    if (position > this.#expected) this.#forget(this.#expected, position);
    this.#expected = position + 1;
    if (position < this.#readTo) return this.#unsettled.get(position);
    this.#unsettled.set(position, 0);
    this.#readTo = position + 1;
    return 0;
  }

  settle(position: number): void {
    this.#unsettled.delete(position);
  }

  /** Counts a failed attempt of an unsettled position. @returns failed attempts so far */
  fail(position: number): number {
    const failedAttempts = (this.#unsettled.get(position) ?? 0) + 1;
    this.#unsettled.set(position, failedAttempts);
    return failedAttempts;
  }

  /** What to keep. Positions that were only read ahead count as not read. */
  state(): CursorState {
    const unsettled = [...this.#unsettled];
    let readTo = this.#readTo;
    for (let last = unsettled.at(-1); last; last = unsettled.at(-1)) {
      if (last[0] !== readTo - 1 || last[1] > 0) break;
      unsettled.pop();
      readTo -= 1;
    }
    return { readTo, unsettled };
  }

  /** Positions passed over while reading are gone from the log: waiting for them would be for ever. */
  #forget(from: number, to: number): void {
    for (const position of this.#unsettled.keys()) {
      if (position >= to) break;
      if (position >= from) this.#unsettled.delete(position);
    }
  }
}
