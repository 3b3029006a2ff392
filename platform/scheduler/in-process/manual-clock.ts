import type { Clock } from './clock.ts';

/** A clock for tests that stands still until it is moved. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Map<object, { readonly dueMs: number; readonly callback: () => void }>();

  constructor(iso: string) {
    this.#nowMs = Date.parse(iso);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** How many callbacks wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  after(delayMs: number, callback: () => void): () => void {
    const id = {};
    this.#timers.set(id, { dueMs: this.#nowMs + delayMs, callback });
    return () => this.#timers.delete(id);
  }

  /** Moves on, calling back at each instant that comes due on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.dueMs <= endMs);
      const next = due.toSorted(([, a], [, b]) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.#timers.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].dueMs);
      next[1].callback();
    }
    this.#nowMs = endMs;
  }

  /** Jumps, as the clock of a laptop that slept: what came due meanwhile is called back late. */
  jump(ms: number): void {
    this.#nowMs += ms;
    this.advance(0);
  }
}
