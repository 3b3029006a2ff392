/** What became of a publish at the gate: confirmed, or left for the relay to carry in its order. */
export type Passage = 'confirmed' | 'left';

interface Held {
  /** Publishes it after all. */
  readonly go: () => void;
  readonly leave: () => void;
}

/**
 * Keeps the order of each entity when the bus has been away. While events wait to be carried again, a
 * newer event is not published past them: it is left to the relay, which carries all that was left in
 * the order of receipt. Open, it costs nothing.
 */
export class PublishGate {
  #state: 'open' | 'closed' | 'opening' = 'open';
  readonly #held: Held[] = [];
  /** Of each publish that was left: resolves once a store has the events, or none will. */
  readonly #unplaced = new Set<Promise<unknown>>();
  #onClosed: () => void = () => undefined;

  /** @param onClosed called each time events begin to be held back */
  watch(onClosed: () => void): void {
    this.#onClosed = onClosed;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Events wait that newer ones must not overtake; what is held is left with them. */
  close(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    if (wasOpen) this.#onClosed();
    for (const { leave } of this.#held.splice(0)) leave();
  }

  /**
   * Publishes, if nothing waits that must go first. A publish that fails closes the gate.
   *
   * @param placed gives, for events that are left, what resolves once it is known where they are
   * @returns once it is confirmed or left
   * @throws what publishing throws
   */
  pass(publish: () => Promise<unknown>, placed: () => Promise<unknown>): Promise<Passage> {
    if (this.#state === 'open') return this.#publish(publish);
    if (this.#state === 'closed') return Promise.resolve(this.#leave(placed));
    return new Promise((resolve, reject) => {
      this.#held.push({
        go: () => this.#publish(publish).then(resolve, reject),
        leave: () => resolve(this.#leave(placed)),
      });
    });
  }

  /**
   * Opens the gate. What comes meanwhile is held, and published after the last round, in order.
   *
   * @param lastRound carries all that was left so far; when it throws, the gate stays closed
   */
  async open(lastRound: () => Promise<unknown>): Promise<void> {
    if (this.#state === 'open') return;
    this.#state = 'opening';
    try {
      await Promise.all(this.#unplaced);
      await lastRound();
    } catch (error) {
      this.close();
      throw error;
    }
    // A publish from before the gate closed may have failed meanwhile.
    if (!this.#opening) return;
    this.#state = 'open';
    // At once and in order: nothing newer can come between.
    for (const { go } of this.#held.splice(0)) go();
  }

  #leave(placed: () => Promise<unknown>): Passage {
    const known = placed();
    this.#unplaced.add(known);
    void known.then(() => this.#unplaced.delete(known));
    return 'left';
  }

  get #opening(): boolean {
    return this.#state === 'opening';
  }

  #publish(publish: () => Promise<unknown>): Promise<Passage> {
    return publish().then(
      () => 'confirmed',
      (error) => {
        this.close();
        throw error;
      },
    );
  }
}
