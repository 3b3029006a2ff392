import type { Center } from '../bodies.ts';
import { utcText } from '../bodies.ts';
import type { Fields } from '../fields.ts';
import { type Membership, membershipChangeData, membershipData } from '../membership-bodies.ts';
import type { Draw } from './draw.ts';
import type { People } from './people.ts';

type State = 'active' | 'frozen' | 'cancelled';

/** From which state to which each change leads. */
const STEPS: ReadonlyMap<string, readonly [from: State, to: State]> = new Map([
  ['Freeze', ['active', 'frozen']],
  ['Unfreeze', ['frozen', 'active']],
  ['Cancelled', ['active', 'cancelled']],
  ['Reinstate', ['cancelled', 'active']],
]);

const DAY_MS = 86_400_000;

/** Memberships of the guests of a center. */
export class Memberships {
  readonly #center: Center;
  readonly #draw: Draw;
  readonly #people: People;
  readonly #byState: Readonly<Record<State, Membership[]>> = {
    active: [],
    frozen: [],
    cancelled: [],
  };

  constructor(center: Center, draw: Draw, people: People) {
    this.#center = center;
    this.#draw = draw;
    this.#people = people;
  }

  /** @param change such as Freeze */
  change(change: string, atMs: number): Fields {
    const step = STEPS.get(change);
    if (step === undefined) return this.#sell(atMs);
    const [from, to] = step;
    const membership = this.#draw.take(this.#byState[from]) ?? this.#newMembership();
    this.#byState[to].push(membership);
    return membershipChangeData(membership, this.#center, this.#details(change, atMs));
  }

  records() {
    return Object.entries(this.#byState).flatMap(([state, memberships]) =>
      memberships.map(({ id }) => ({ id, state })),
    );
  }

  #sell(atMs: number): Fields {
    const membership = this.#newMembership();
    this.#byState.active.push(membership);
    return membershipData(membership, this.#people.guest().id, atMs);
  }

  #newMembership(): Membership {
    return {
      id: this.#draw.guid(),
      groupId: this.#draw.guid(),
      price: this.#draw.amount(),
      tax: this.#draw.amount(),
      credit: this.#draw.amount(),
    };
  }

  #details(change: string, atMs: number): Fields {
    const number = this.#draw.number();
    if (change === 'Freeze') {
      const dates = { start_date: utcText(atMs), end_date: utcText(atMs + 14 * DAY_MS) };
      const fee = { type: 2, fee: 20, fee_type: 2 };
      // The number keeps two freezes of one membership apart, where no envelope does.
      return { freeze: { ...dates, ...fee, comments: `paused ${number}`, froze_by: 'Sam Owner' } };
    }
    if (change === 'Cancelled') {
      const cancel_date = utcText(atMs);
      return { cancel: { cancel_date, reason: `moved ${number}`, cancelled_by: 'Sam Owner' } };
    }
    return { next_collection_date: utcText(atMs + 30 * DAY_MS) };
  }
}
