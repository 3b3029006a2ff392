interface Link<Item> {
  readonly item: Item;
  next: Link<Item> | undefined;
}

/** First in, first out; both ends in constant time, however long it grows. */
export class Fifo<Item> {
  #first: Link<Item> | undefined;
  #last: Link<Item> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    const link: Link<Item> = { item, next: undefined };
    if (this.#last) this.#last.next = link;
    else this.#first = link;
    this.#last = link;
    this.#size += 1;
  }

  /** @returns the oldest item, or undefined when there is none */
  shift(): Item | undefined {
    const link = this.#first;
    if (!link) return undefined;
    this.#first = link.next;
    if (!link.next) this.#last = undefined;
    this.#size -= 1;
    return link.item;
  }
}
