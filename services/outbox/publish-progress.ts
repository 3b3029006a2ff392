/** One batch on its way to the bus. Exactly one of the two is called, once. */
export interface Publishing {
  /** The bus has confirmed the batch. */
  succeed(): void;
  /**
   * The bus has not.
   *
   * @param place which store holds the batch, so that it can be carried from there
   */
  fail(place: 'outbox' | 'spool' | 'nowhere'): void;
}

/**
 * Knows up to which time of receipt every accepted event has reached the bus. The relay carries
 * what lies beyond again: after a crash, and after failed publishes.
 */
export class PublishProgress {
  /** Batches in the order they began, which is the order of receipt. */
  readonly #underWay: { readonly receivedAt: string; done: boolean }[] = [];
  #oldestFailure: string | undefined;
  #healing: string | undefined;
  #spooledSince: string | undefined;
  #latest: string | undefined;

  /** @param receivedAt time of receipt of the batch, RFC 3339 */
  begin(receivedAt: string): Publishing {
    const batch = { receivedAt, done: false };
    this.#underWay.push(batch);
    this.#latest = receivedAt;
    return {
      succeed: () => this.#end(batch),
      fail: (place) => {
        if (place === 'outbox') this.miss(receivedAt);
        if (place === 'spool') this.spooled(receivedAt);
        this.#end(batch);
      },
    };
  }

  /** The outbox holds events of this time of receipt, or later, that the bus may not have. */
  miss(receivedAt: string): void {
    this.#oldestFailure = earliest(this.#oldestFailure, receivedAt);
  }

  /** The spool holds events of this time of receipt, or later, that the bus may not have. */
  spooled(receivedAt: string): void {
    this.#spooledSince = earliest(this.#spooledSince, receivedAt);
  }

  /** Received since then, some batches went to the spool. */
  get spooledSince(): string | undefined {
    return this.#spooledSince;
  }

  /** The same, and forgets it. */
  takeSpooledSince(): string | undefined {
    const since = this.#spooledSince;
    this.#spooledSince = undefined;
    return since;
  }

  /** True when there is something for `heal` to carry. */
  get missing(): boolean {
    return this.#oldestFailure !== undefined;
  }

  /** Oldest time of receipt that may be missing on the bus; undefined before the first batch. */
  get publishedThrough(): string | undefined {
    const waiting = this.#underWay[0]?.receivedAt ?? this.#latest;
    return earliest(earliest(this.#oldestFailure, this.#healing), waiting);
  }

  /** True when every batch that began has reached the bus. */
  get complete(): boolean {
    return this.#underWay.length === 0 && this.#oldestFailure === undefined && !this.#healing;
  }

  /**
   * Makes up for failed publishes, if there were any.
   *
   * @param carryAgain publishes everything received since, and tells how far it has come: when it throws,
   *   what was received since then stays open
   */
  async heal(
    carryAgain: (from: string, reached: (through: string) => void) => Promise<unknown>,
  ): Promise<void> {
    const from = this.#oldestFailure;
    if (from === undefined) return;
    // What fails while this runs opens a new failure of its own.
    this.#oldestFailure = undefined;
    this.#healing = from;
    try {
      await carryAgain(from, (through) => {
        this.#healing = through;
      });
    } catch (error) {
      this.#oldestFailure = earliest(this.#oldestFailure, this.#healing);
      throw error;
    } finally {
      this.#healing = undefined;
    }
  }

  #end(batch: { done: boolean }): void {
    batch.done = true;
    let ended = 0;
    while (this.#underWay[ended]?.done) ended += 1;
    if (ended > 0) this.#underWay.splice(0, ended);
  }
}

function earliest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
