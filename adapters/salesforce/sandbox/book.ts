import type { Random } from '#adapters/kit/sandbox/random.ts';
import { KEY_PREFIXES, makeId } from '../make-id.ts';

export type ObjectName = 'Account' | 'Contact' | 'Opportunity';

/** Fields by API name, all that a message of the record would carry. */
export type SandboxRecord = Readonly<Record<string, string | boolean>>;

const FIRST_STAGE = { MasterLabel: 'Prospecting', IsClosed: false, IsWon: false };
/** Some stages of a new organisation, in order. */
const OPEN_STAGES = [
  FIRST_STAGE,
  { MasterLabel: 'Proposal/Price Quote', IsClosed: false, IsWon: false },
  { MasterLabel: 'Negotiation/Review', IsClosed: false, IsWon: false },
];
const WON = { MasterLabel: 'Closed Won', IsClosed: true, IsWon: true };
const LOST = { MasterLabel: 'Closed Lost', IsClosed: true, IsWon: false };

/** As the object OpportunityStage lists them. */
export const STAGES = [...OPEN_STAGES, WON, LOST];

const COMPANIES = ['Acme & Sons', 'Åkesson <AB>', 'Łódź Tools', '東京商事', 'Zoë "Z" Ltd'];
const LAST_NAMES = ['Lovelace', "O'Neill", 'Đorđević', 'Ñúñez', '李', 'van den Berg'];

interface Shelf {
  readonly live: SandboxRecord[];
  readonly deleted: SandboxRecord[];
}

/** The records of an organisation. Every change moves its clock on, so that no two tie. */
export class Book {
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #shelves: Readonly<Record<ObjectName, Shelf>> = {
    Account: { live: [], deleted: [] },
    Contact: { live: [], deleted: [] },
    Opportunity: { live: [], deleted: [] },
  };
  #sequence = 0;
  #lastMs = 0;

  constructor(random: Random, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  records(): Readonly<Record<ObjectName, readonly SandboxRecord[]>> {
    const { Account, Contact, Opportunity } = this.#shelves;
    return { Account: Account.live, Contact: Contact.live, Opportunity: Opportunity.live };
  }

  /** The record a change will be of; undefined for one that makes it. */
  target(object: ObjectName, kind: string): SandboxRecord | undefined {
    if (kind === 'create') return undefined;
    const { live, deleted } = this.#shelves[object];
    if (kind !== 'undelete') {
      return live.length === 0 ? this.#create(object) : this.#random.pick(live);
    }
    return deleted.at(-1) ?? this.apply(object, 'delete', this.#create(object));
  }

  /** @returns the record after the change */
  apply(object: ObjectName, kind: string, before: SandboxRecord | undefined): SandboxRecord {
    if (before === undefined) return this.#create(object);
    const { live, deleted } = this.#shelves[object];
    const changes =
      kind === 'update' ? this.#update(object, before) : { IsDeleted: kind === 'delete' };
    const record: SandboxRecord = { ...before, ...changes, ...this.#stamps() };
    const from = kind === 'undelete' ? deleted : live;
    const to = kind === 'delete' ? deleted : live;
    from.splice(from.indexOf(before), 1);
    to.push(record);
    return record;
  }

  #create(object: ObjectName): SandboxRecord {
    this.#sequence += 1;
    const stamps = this.#stamps();
    const record: SandboxRecord = {
      Id: makeId(KEY_PREFIXES[object], this.#sequence),
      ...this.#fields(object),
      CreatedDate: stamps.SystemModstamp,
      IsDeleted: false,
      ...stamps,
    };
    this.#shelves[object].live.push(record);
    return record;
  }

  #fields(object: ObjectName): SandboxRecord {
    if (object === 'Account') {
      return { Name: this.#random.pick(COMPANIES), AnnualRevenue: this.#money() };
    }
    if (object === 'Contact') return this.#person();
    const { MasterLabel, ...flags } = FIRST_STAGE;
    return {
      Name: `${this.#random.pick(COMPANIES)} – ${this.#sequence}`,
      Amount: this.#money(),
      CloseDate: `2030-0${this.#random.integer(1, 9)}-15`,
      StageName: MasterLabel,
      ...flags,
    };
  }

  #update(object: ObjectName, before: SandboxRecord): SandboxRecord {
    if (object === 'Account') return { AnnualRevenue: this.#money() };
    if (object === 'Contact') return this.#person();
    return this.#random.next() < 0.3 ? { Amount: this.#money() } : this.#advance(before);
  }

  /** Moves an opportunity a stage on; from the last open one it is won two times of three. */
  #advance({ StageName }: SandboxRecord): SandboxRecord {
    const at = OPEN_STAGES.findIndex(({ MasterLabel }) => MasterLabel === StageName);
    // A closed one that moves again was reopened: it is found nowhere, and begins anew.
    const next = OPEN_STAGES[at + 1] ?? (this.#random.next() < 0.67 ? WON : LOST);
    const { MasterLabel, ...flags } = next;
    return { StageName: MasterLabel, ...flags };
  }

  #person(): SandboxRecord {
    return {
      LastName: this.#random.pick(LAST_NAMES),
      Email: `person${this.#random.integer(1, 99_999)}@example.com`,
    };
  }

  /** Decimal text; made of integers, for a double would round. */
  #money(): string {
    const cents = String(this.#random.integer(0, 99)).padStart(2, '0');
    return `${this.#random.integer(1, 250_000)}.${cents}`;
  }

  #stamps() {
    this.#lastMs = Math.max(this.#nowMs(), this.#lastMs + 1);
    const time = new Date(this.#lastMs).toISOString();
    return {
      LastModifiedById: makeId(KEY_PREFIXES.User, this.#random.integer(1, 20)),
      LastModifiedDate: time,
      SystemModstamp: time,
    };
  }
}
