/** Slots of the table; a power of two. 128 Ki ids in 2 MiB. */
const SLOTS = 1 << 17;
const WORDS_PER_ID = 4;
const HYPHEN = 0x2d;

/**
 * Which events this process accepted lately: a table of fixed size, where an id stands in the one
 * slot its first bits name until another takes it. Ids are compared whole, so what it says it has
 * seen it has seen. It only saves work; exactness comes from the de-duplicated view and the
 * consumers' ledger. No allocation: at 100,000 events a second a map of ids is mostly garbage.
 */
export class RecentEvents {
  readonly #words = new Uint32Array(SLOTS * WORDS_PER_ID);
  readonly #id = new Uint32Array(WORDS_PER_ID);

  /** @param eventId UUID text in lower case */
  has(eventId: string): boolean {
    const slot = this.#read(eventId);
    const words = this.#words;
    const id = this.#id;
    return (
      words[slot] === id[0] &&
      words[slot + 1] === id[1] &&
      words[slot + 2] === id[2] &&
      words[slot + 3] === id[3]
    );
  }

  add(eventId: string): void {
    this.#words.set(this.#id, this.#read(eventId));
  }

  /** Reads the id's 128 bits; returns where its slot begins. */
  #read(eventId: string): number {
    const id = this.#id;
    let word = 0;
    let digits = 0;
    for (let index = 0; index < eventId.length; index += 1) {
      const code = eventId.charCodeAt(index);
      if (code === HYPHEN) continue;
      // '0'-'9' are 0x30-0x39, 'a'-'f' are 0x61-0x66.
      word = (word << 4) | (code > 0x60 ? code - 0x57 : code - 0x30);
      digits += 1;
      if ((digits & 7) === 0) id[(digits >> 3) - 1] = word;
    }
    return ((id[0] ?? 0) & (SLOTS - 1)) * WORDS_PER_ID;
  }
}
