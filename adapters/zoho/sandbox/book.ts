import type { Random } from '#adapters/kit/sandbox/random.ts';
import type { Ending, Values } from './change-types.ts';

/** A record as the account holds it. */
export interface StoredRecord {
  readonly id: string;
  values: Values;
  changedAtMs: number;
  /** How a deal ended, if it did. */
  ending: Ending | undefined;
}

/** Draws for a record that fits, before there counts as none. */
const TRIES = 8;

/** The records of one module. Drawing and removing take the same time however many there are. */
export class Book {
  readonly #records: StoredRecord[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#records.length;
  }

  add(record: StoredRecord): void {
    this.#places.set(record.id, this.#records.length);
    this.#records.push(record);
  }

  remove({ id }: StoredRecord): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    const last = this.#records.pop();
    if (last === undefined || last.id === id) return;
    this.#records[place] = last;
    this.#places.set(last.id, place);
  }

  /** A record by chance; undefined where none that fits was drawn. */
  draw(random: Random, fits: (record: StoredRecord) => boolean): StoredRecord | undefined {
    for (let tries = 0; tries < TRIES && this.#records.length > 0; tries += 1) {
      const record = random.pick(this.#records);
      if (fits(record)) return record;
    }
    return undefined;
  }

  first(count: number): readonly StoredRecord[] {
    return this.#records.slice(0, count);
  }

  /** The values of each record, by id. */
  values(): Readonly<Record<string, Values>> {
    return Object.fromEntries(this.#records.map(({ id, values }) => [id, values]));
  }
}
