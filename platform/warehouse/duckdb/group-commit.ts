/** Something to be made durable, and who waits for it. */
interface Waiting {
  readonly text: string;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Most of a batch. */
export interface GroupBounds {
  readonly chars: number;
  readonly rows: number;
}

/**
 * Group commit: while one commit is under way, everything that arrives waits, and goes together in
 * the next one. One caller alone pays one commit; a thousand at once share it.
 */
export class GroupCommit {
  readonly #commit: (text: string, rows: number) => Promise<void>;
  readonly #max: GroupBounds;
  #queue: Waiting[] = [];
  #running = false;
  #queuedChars = 0;

  /**
   * @param commit makes the text durable; called for one batch at a time
   * @param max of a batch, unless its first member alone has more
   */
  constructor(commit: (text: string, rows: number) => Promise<void>, max: GroupBounds) {
    this.#commit = commit;
    this.#max = max;
  }

  /** Characters that wait for a commit to start. */
  get queuedChars(): number {
    return this.#queuedChars;
  }

  /** Resolves when the commit that holds the text has succeeded; rejects with its error. */
  add(text: string, rows: number): Promise<void> {
    this.#queuedChars += text.length;
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, rows, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        // At once, not at the end of this turn of the event loop: the disk works while the requests
        // that came in the same turn are still being parsed, and those share the next commit.
        void this.#run();
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const { batch, text, rows } = this.#takeBatch();
      try {
        await this.#commit(text, rows);
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#running = false;
  }

  #takeBatch(): { batch: Waiting[]; text: string; rows: number } {
    let text = '';
    let rows = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      const chars = text.length + waiting.text.length;
      if (count > 0 && (chars > this.#max.chars || rows + waiting.rows > this.#max.rows)) break;
      text += waiting.text;
      rows += waiting.rows;
      count += 1;
    }
    const batch = count === this.#queue.length ? this.#queue : this.#queue.slice(0, count);
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    this.#queuedChars -= text.length;
    return { batch, text, rows };
  }
}
