import { Fifo } from './fifo.ts';

/**
 * Decides what may be delivered next. Of one key only the oldest unsettled item is ever out; the
 * others wait behind it, also while it backs off. The empty key orders nothing.
 */
export class OrderedQueue<Item> {
  readonly #keyOf: (item: Item) => string;
  readonly #ready = new Fifo<Item>();
  /** What waits behind the item of a key that is ready, out or backing off. */
  readonly #waiting = new Map<string, Fifo<Item>>();

  /** @param keyOf the ordering key of an item; the same each time */
  constructor(keyOf: (item: Item) => string) {
    this.#keyOf = keyOf;
  }

  /** Items that `take` would give without anything being settled first. */
  get readySize(): number {
    return this.#ready.size;
  }

  /** Adds the newest item of its key. */
  add(item: Item): void {
    const key = this.#keyOf(item);
    if (key === '') {
      this.#ready.push(item);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting) {
      waiting.push(item);
    } else {
      this.#waiting.set(key, new Fifo());
      this.#ready.push(item);
    }
  }

  /** @returns the item to deliver next, or undefined when all that is left waits for another one */
  take(): Item | undefined {
    return this.#ready.shift();
  }

  /** Offers an item that was taken once more; its key stays held until it is settled. */
  putBack(item: Item): void {
    this.#ready.push(item);
  }

  /** Ends an item that was taken: the next one of its key becomes ready. */
  settle(item: Item): void {
    const key = this.#keyOf(item);
    if (key === '') return;
    const next = this.#waiting.get(key)?.shift();
    if (next === undefined) this.#waiting.delete(key);
    else this.#ready.push(next);
  }
}
