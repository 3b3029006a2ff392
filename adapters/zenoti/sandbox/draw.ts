import type { Random } from '#adapters/kit/sandbox/random.ts';

/** Random values of the forms Zenoti uses. */
export class Draw {
  readonly random: Random;
  #number = 683_768;

  constructor(random: Random) {
    this.random = random;
  }

  guid(): string {
    const hex = this.#hex(30);
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(12, 15)}`];
    return [...parts, `8${hex.slice(15, 18)}`, hex.slice(18)].join('-');
  }

  /** An id of 24 hexadecimal digits that begins with the time in seconds. */
  objectId(atMs: number): string {
    const seconds = Math.floor(atMs / 1000)
      .toString(16)
      .padStart(8, '0')
      .slice(-8);
    return seconds + this.#hex(16);
  }

  /** Decimal text with two digits; made of integers, for a double would round. */
  amount(): string {
    const cents = String(this.random.integer(0, 99)).padStart(2, '0');
    return `${this.random.integer(10, 400)}.${cents}`;
  }

  /** Counts up: no two are alike. */
  number(): number {
    this.#number += 1;
    return this.#number;
  }

  /** Takes one of a list out of it; the order of the others does not matter. */
  take<Value>(values: Value[]): Value | undefined {
    if (values.length === 0) return undefined;
    const index = this.random.integer(0, values.length - 1);
    const taken = values[index];
    const last = values.pop();
    if (last !== undefined && index < values.length) values[index] = last;
    return taken;
  }

  #hex(digits: number): string {
    let text = '';
    while (text.length < digits) {
      text += this.random.integer(0, 0xff_ffff).toString(16).padStart(6, '0');
    }
    return text.slice(0, digits);
  }
}
