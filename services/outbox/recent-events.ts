/** Slots of the table; a power of two. 128 Ki ids in 2 MiB. */
const SLOTS = 1 << 17;
const WORDS_PER_ID = 4;
/** Where each word begins in the text: 8-4-4-4-12 digits. */
const WORD_STARTS = [0, 9, 19, 28];
const HYPHEN = 0x2d;

/**
 * Which events this process accepted lately: a table of fixed size, where an id stands in the one
 * slot its first bits name until another takes it. Ids are compared whole, so what it says it has
 * seen it has seen. It only saves work; exactness comes from the de-duplicated view and the
 * consumers' ledger. No allocation: at 100,000 events a second a map of ids is mostly garbage.
 */
export class RecentEvents {
  readonly #words = new Uint32Array(SLOTS * WORDS_PER_ID);

  /** @param eventId UUID text in lower case */
  has(eventId: string): boolean {
    const words = this.#words;
    const first = word(eventId, 0);
    const slot = slotOf(first);
    // Nearly every new event differs here already.
    if (words[slot] !== first) return false;
    return (
      words[slot + 1] === word(eventId, 1) &&
      words[slot + 2] === word(eventId, 2) &&
      words[slot + 3] === word(eventId, 3)
    );
  }

  add(eventId: string): void {
    const first = word(eventId, 0);
    const slot = slotOf(first);
    this.#words[slot] = first;
    for (let index = 1; index < WORDS_PER_ID; index += 1) {
      this.#words[slot + index] = word(eventId, index);
    }
  }
}

function slotOf(firstWord: number): number {
  return (firstWord & (SLOTS - 1)) * WORDS_PER_ID;
}

/** One of the four 32-bit words of a UUID, as an unsigned integer. */
function word(eventId: string, index: number): number {
  let value = 0;
  let position = WORD_STARTS[index] ?? 0;
  for (let digits = 0; digits < 8; position += 1) {
    const code = eventId.charCodeAt(position);
    if (code === HYPHEN) continue;
    // '0'-'9' are 0x30-0x39, 'a'-'f' are 0x61-0x66.
    value = (value << 4) | (code > 0x60 ? code - 0x57 : code - 0x30);
    digits += 1;
  }
  return value >>> 0;
}
