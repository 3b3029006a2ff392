import { type Center, employeeData, type Guest, guestData } from '../bodies.ts';
import type { Fields } from '../fields.ts';
import type { Draw } from './draw.ts';

const FIRST_NAMES = ['Ada', 'Björn', 'Chidi', 'Đorđe', 'Émilie', 'Fatima', '健', 'Zoë'];
const LAST_NAMES = ['Test', 'Sample', "O'Synthetic", 'Beispiel'];

/** Guests and employees of a center. */
export class People {
  readonly #center: Center;
  readonly #draw: Draw;
  readonly #guests: Guest[] = [];
  readonly #employees: Guest[] = [];

  constructor(center: Center, draw: Draw) {
    this.#center = center;
    this.#draw = draw;
  }

  /** @param type such as Guest.Updated */
  change(type: string, atMs: number): Fields {
    const [kind, change] = type.split('.');
    const people = kind === 'Employee' ? this.#employees : this.#guests;
    const before = change === 'Created' ? undefined : this.#draw.take(people);
    const person = before ?? this.#person();
    const now = change === 'Updated' ? { ...person, ...this.#correction() } : person;
    if (change !== 'Deleted') people.push(now);
    return kind === 'Employee'
      ? employeeData(now, this.#center, this.#draw.amount())
      : guestData(now, this.#center, atMs);
  }

  /** A guest there is, or one that was never told of. */
  guest(): Guest {
    if (this.#guests.length === 0) this.#guests.push(this.#person());
    return this.#draw.random.pick(this.#guests);
  }

  records() {
    const ids = (people: readonly Guest[]) => people.map(({ id }) => id);
    return { guests: ids(this.#guests), employees: ids(this.#employees) };
  }

  #person(): Guest {
    const { random } = this.#draw;
    return {
      id: this.#draw.guid(),
      number: this.#draw.number(),
      firstName: random.pick(FIRST_NAMES),
      lastName: random.pick(LAST_NAMES),
      ...this.#correction(),
    };
  }

  #correction() {
    return { email: `person${this.#draw.random.integer(1, 99_999)}@example.com` };
  }
}
