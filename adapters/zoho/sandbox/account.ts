import type { Random } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { Book, type StoredRecord } from './book.ts';
import {
  CHANGE_TYPES,
  type ChangedRecord,
  type ChangeType,
  drawType,
  type Module,
  type Values,
  type ZohoChange,
} from './change-types.ts';
import { type AccountStage, type Given, ValueMaker } from './values.ts';

export interface AccountOptions {
  /** At least one that is open, one that is won and one that is lost. */
  readonly stages: readonly AccountStage[];
  readonly random: Random;
  readonly nowMs: () => number;
}

/** Most records that one change of somebody in a list view touches. */
const MAX_MASS = 5;

/** A Zoho CRM whose contacts, accounts and deals change, one change at a time. */
export class Account {
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #values: ValueMaker;
  readonly #books: Readonly<Record<Module, Book>> = {
    Contacts: new Book(),
    Accounts: new Book(),
    Deals: new Book(),
  };
  #lastId = 3_000_000_000;
  #lastAtMs = 0;

  constructor({ random, nowMs, stages }: AccountOptions) {
    this.#random = random;
    this.#nowMs = nowMs;
    this.#values = new ValueMaker(random, stages);
  }

  /**
   * Makes one change and tells of it. A change that needs a record where there is none makes one
   * silently: its own creation went unheard before the channel was opened.
   *
   * @throws InvalidRequest when the type is none of CHANGE_TYPES
   */
  change(type: string = drawType(this.#random)): ZohoChange {
    const found = CHANGE_TYPES.get(type);
    if (found === undefined) {
      throw new InvalidRequest(`The type is not one of: ${[...CHANGE_TYPES.keys()].join(', ')}.`);
    }
    const atMs = this.#time();
    const { way, module, operation } = found;
    const records = operation === 'insert' ? this.#inserted(found, atMs) : this.#wrote(found, atMs);
    return { way, module, operation, atMs, records };
  }

  /** One notification of an update of so many contacts. */
  massUpdate(count: number): ZohoChange {
    const atMs = this.#time();
    const book = this.#books.Contacts;
    while (book.size < count) this.#insert('Contacts', 0);
    const records = this.#write(book.first(count), this.#values.mass(), atMs);
    return { way: 'notification', module: 'Contacts', operation: 'update', atMs, records };
  }

  /** The values of what there is, by module and id. */
  records(): Readonly<Record<Module, Readonly<Record<string, Values>>>> {
    const { Contacts, Accounts, Deals } = this.#books;
    return { Contacts: Contacts.values(), Accounts: Accounts.values(), Deals: Deals.values() };
  }

  #inserted({ module, way }: ChangeType, atMs: number): ChangedRecord[] {
    const made = Array.from({ length: this.#mass(way) }, () => this.#insert(module, atMs));
    const states = way === 'workflow' || this.#random.next() < 0.7;
    return made.map(({ id, values }) => ({ id, values: states ? values : null }));
  }

  #wrote(type: ChangeType, atMs: number): ChangedRecord[] {
    const { module, operation, way, ending } = type;
    const count = ending === undefined ? this.#mass(way) : 1;
    const records = Array.from({ length: count }, () => this.#anyFor(type, atMs));
    if (operation === 'delete') {
      for (const record of records) this.#books[module].remove(record);
      return this.#write(records, this.#values.trashed(), atMs);
    }
    const given =
      ending === undefined ? this.#values.changed(module) : this.#values.closing(ending);
    return this.#write(records, given, atMs);
  }

  /** Each record once, however often it was drawn. */
  #write(records: readonly StoredRecord[], given: Given, atMs: number): ChangedRecord[] {
    const unique = [...new Set(records)];
    for (const record of unique) {
      record.values = { ...record.values, ...given.values };
      record.changedAtMs = atMs;
      if (given.staged) record.ending = given.ending;
    }
    return unique.map(({ id }) => ({ id, values: given.values }));
  }

  #anyFor({ module, way, ending }: ChangeType, atMs: number): StoredRecord {
    const fits = (record: StoredRecord) =>
      // A workflow states seconds: two changes within one would look like one.
      (way === 'notification' || second(record.changedAtMs) < second(atMs)) &&
      (ending === undefined || record.ending !== ending);
    return this.#books[module].draw(this.#random, fits) ?? this.#insert(module, 0);
  }

  #insert(module: Module, atMs: number): StoredRecord {
    this.#lastId += this.#random.integer(1, 97);
    const { values, ending } = this.#values.fresh(module);
    const id = `5725767${String(this.#lastId).padStart(12, '0')}`;
    const record: StoredRecord = { id, values, changedAtMs: atMs, ending };
    this.#books[module].add(record);
    return record;
  }

  #mass(way: ChangeType['way']): number {
    const many = way === 'notification' && this.#random.next() < 0.15;
    return many ? this.#random.integer(2, MAX_MASS) : 1;
  }

  /** Later than every time before: two changes of a record at one time would look like one. */
  #time(): number {
    this.#lastAtMs = Math.max(this.#nowMs(), this.#lastAtMs + 1);
    return this.#lastAtMs;
  }
}

function second(ms: number): number {
  return Math.floor(ms / 1000);
}
