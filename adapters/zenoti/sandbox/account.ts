import type { Random } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import type { Center } from '../bodies.ts';
import { EVENTS } from '../definition.ts';
import type { Fields } from '../fields.ts';
import { Appointments } from './appointments.ts';
import { Draw } from './draw.ts';
import { Memberships } from './memberships.ts';
import { People } from './people.ts';

/** The test button of Zenoti's webhook page: an empty body without a signature. */
export const PING = 'ping';

/** Changes there are: every event by its name, and the test button. */
export const CHANGE_TYPES: readonly string[] = [...EVENTS.map(({ name }) => name), PING];

/** One change, and how it is told. */
export interface SandboxChange {
  readonly type: string;
  readonly method: string;
  readonly eventId: string;
  readonly atMs: number;
  readonly data: Fields;
  /** Sent without its envelope, as some samples of Zenoti's documents are. */
  readonly bare: boolean;
}

export interface AccountOptions {
  readonly center: Center;
  readonly random: Random;
  readonly nowMs: () => number;
}

/** How often each event happens, in parts; those that are not named, one. */
const WEIGHTS: Readonly<Record<string, number>> = {
  'AppointmentGroup.Created': 22,
  'AppointmentGroup.Status': 18,
  'Appointment.Started': 10,
  'Appointment.Completed': 12,
  'Guest.Created': 8,
  'Guest.Updated': 10,
  'Guest.Membership.Created': 5,
  'Guest.Membership.Freeze': 2,
  'Guest.Membership.Unfreeze': 2,
  'Invoice.Closed': 4,
};

/** Somebody has to press the test button: it is no random change. */
const DRAWN: readonly string[] = EVENTS.flatMap(({ name }) =>
  Array<string>(WEIGHTS[name] ?? 1).fill(name),
);

/** Events that the documents show without an envelope; half of them are sent so. */
const BARE = new Set(['Appointment.Completed', 'Guest.Membership.Freeze']);

/** A webhook at Zenoti has one of these; here they take turns. */
const METHODS = ['POST', 'PUT', 'PATCH'] as const;

/** A Zenoti center whose guests, appointments and memberships change, one change at a time. */
export class Account {
  readonly #options: AccountOptions;
  readonly #draw: Draw;
  readonly #people: People;
  readonly #appointments: Appointments;
  readonly #memberships: Memberships;
  #count = 0;

  constructor(options: AccountOptions) {
    this.#options = options;
    const { center, random } = options;
    this.#draw = new Draw(random);
    this.#people = new People(center, this.#draw);
    this.#appointments = new Appointments(center, this.#draw, this.#people);
    this.#memberships = new Memberships(center, this.#draw, this.#people);
  }

  /**
   * Makes one change and tells of it. A change that needs a record where there is none creates one
   * silently: its own creation went unheard before the webhook was set up.
   *
   * @param type one of CHANGE_TYPES; by default a random event
   * @throws InvalidRequest when the type is not one of them
   */
  change(type: string = this.#options.random.pick(DRAWN)): SandboxChange {
    if (!CHANGE_TYPES.includes(type)) {
      throw new InvalidRequest(`The type is not one of: ${CHANGE_TYPES.join(', ')}.`);
    }
    const atMs = this.#options.nowMs();
    return this.#told(type, atMs, this.#data(type, atMs));
  }

  /** A group of so many appointments. */
  hugeChange(count: number): SandboxChange {
    const atMs = this.#options.nowMs();
    return this.#told('AppointmentGroup.Created', atMs, this.#appointments.book(count, atMs));
  }

  /** What the center holds, without names. */
  records(): unknown {
    return {
      ...this.#people.records(),
      groups: this.#appointments.records(),
      memberships: this.#memberships.records(),
    };
  }

  #told(type: string, atMs: number, data: Fields): SandboxChange {
    const method = METHODS[this.#count % METHODS.length] ?? 'POST';
    this.#count += 1;
    const bare = BARE.has(type) && this.#options.random.next() < 0.5;
    return { type, method, eventId: this.#draw.objectId(atMs), atMs, data, bare };
  }

  #data(type: string, atMs: number): Fields {
    const [change = ''] = type.split('.').slice(-1);
    if (type.startsWith('Appointment')) return this.#appointments.change(type, atMs);
    if (type.startsWith('Guest.Membership.')) return this.#memberships.change(change, atMs);
    if (type === 'Invoice.Closed') return this.#appointments.invoice(atMs);
    return type === PING ? {} : this.#people.change(type, atMs);
  }
}
