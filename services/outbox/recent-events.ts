/**
 * Which events this process accepted lately, in bounded memory: two generations of ids, the older
 * one dropped when the newer one is full or old. Only saves work; exactness comes from the
 * de-duplicated view and the consumers' ledger.
 */
export class RecentEvents {
  readonly #maxPerGeneration: number;
  readonly #maxAgeMs: number;
  #newer = new Map<string, Promise<void>>();
  #older = new Map<string, Promise<void>>();
  #newerSinceMs = 0;

  constructor(maxPerGeneration = 100_000, maxAgeMs = 10 * 60_000) {
    this.#maxPerGeneration = maxPerGeneration;
    this.#maxAgeMs = maxAgeMs;
  }

  /** The acceptance an event belongs to: settled or under way. Undefined when it is not known. */
  find(eventId: string): Promise<void> | undefined {
    return this.#newer.get(eventId) ?? this.#older.get(eventId);
  }

  add(eventId: string, acceptance: Promise<void>, nowMs: number): void {
    const full = this.#newer.size >= this.#maxPerGeneration;
    if (full || nowMs - this.#newerSinceMs > this.#maxAgeMs) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerSinceMs = nowMs;
    }
    this.#newer.set(eventId, acceptance);
  }

  /** Forgets an event whose acceptance failed, so that the provider's retry is tried in full. */
  remove(eventId: string): void {
    this.#newer.delete(eventId);
    this.#older.delete(eventId);
  }
}
