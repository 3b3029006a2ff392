import { jsonDecimal } from '#adapters/kit/sandbox/json-decimal.ts';
import type { Random } from '#adapters/kit/sandbox/random.ts';
import type { Ending, Module, Values } from './change-types.ts';

/** A stage by both of its names. */
export interface AccountStage {
  readonly display_value: string;
  readonly actual_value: string;
  readonly outcome: Ending | 'open';
}

/** What a record is given, and how that ends a deal. */
export interface Given {
  readonly values: Values;
  /** Undefined where the stage is open or was not given. */
  readonly ending?: Ending;
  /** True where a stage was given. */
  readonly staged?: boolean;
}

const FIRST_NAMES = ['Ada', 'Björn', 'Chidi', 'Đorđe', 'Émilie', 'Fatima', '健', 'Zoë'];
const LAST_NAMES = ['Achterberg', 'Kovač', 'Nguyễn', "O'Brien", 'Öztürk', 'Silva'];
const COMPANIES = [
  'Café Aurora',
  'Müller & Söhne',
  'Nordlys AS',
  'Peña Hermanos',
  '株式会社みらい',
];
const USERS = ['Ana Horvat', 'Ben Okafor', 'Chloé Martin'];

/** Makes values of records, by chance. */
export class ValueMaker {
  readonly #random: Random;
  readonly #stages: readonly AccountStage[];

  /** @param stages at least one that is open, one that is won and one that is lost */
  constructor(random: Random, stages: readonly AccountStage[]) {
    this.#random = random;
    this.#stages = stages;
  }

  /** All of a new record. */
  fresh(module: Module): Given {
    const random = this.#random;
    if (module === 'Contacts') {
      const First_Name = random.pick(FIRST_NAMES);
      return this.#by({ First_Name, Last_Name: random.pick(LAST_NAMES), Email: this.#email() });
    }
    if (module === 'Accounts') {
      return this.#by({ Account_Name: random.pick(COMPANIES), Annual_Revenue: this.#amount() });
    }
    const Deal_Name = `${random.pick(COMPANIES)} ${random.integer(1, 999)}`;
    const ending = random.next() < 0.05 ? random.pick(['won', 'lost'] as const) : undefined;
    const given = this.closing(ending);
    return { ...given, values: { Deal_Name, ...given.values } };
  }

  /** Some of a record that changes. */
  changed(module: Module): Given {
    const random = this.#random;
    if (module === 'Contacts') {
      return this.#by(
        random.next() < 0.5 ? { Email: this.#email() } : { First_Name: random.pick(FIRST_NAMES) },
      );
    }
    if (module === 'Accounts') return this.#by({ Annual_Revenue: this.#amount() });
    if (random.next() < 0.5) return this.#by({ Amount: this.#amount() });
    return this.closing(random.pick([undefined, undefined, 'won', 'lost'] as const));
  }

  /** A deal that comes to a stage. */
  closing(ending: Ending | undefined): Given {
    const random = this.#random;
    const outcome = ending ?? 'open';
    const stage = random.pick(this.#stages.filter((one) => one.outcome === outcome));
    // Either name of a stage: which one Zoho states is not documented.
    const Stage = random.next() < 0.5 ? stage.actual_value : stage.display_value;
    const given = this.#by({ Stage, Amount: this.#amount() });
    return { ...given, staged: true, ...(ending && { ending }) };
  }

  /** What somebody gives many contacts at once. */
  mass(): Given {
    return this.#by({ Lead_Source: 'Trade Show', Annual_Spend: this.#amount() });
  }

  /** What a deletion states. */
  trashed(): Given {
    return this.#by({ Record_Status__s: 'Trash' });
  }

  #by(values: Values): Given {
    const index = this.#random.integer(0, USERS.length - 1);
    const id = `572576700000041100${index + 1}`;
    return { values: { ...values, Modified_By: { name: USERS[index], id } } };
  }

  #email(): string {
    return `person${this.#random.integer(1, 99_999)}@example.com`;
  }

  /** Made of integers, for a double would round. */
  #amount(): object {
    const cents = String(this.#random.integer(0, 99)).padStart(2, '0');
    return jsonDecimal(`${this.#random.integer(1, 250_000)}.${cents}`);
  }
}
