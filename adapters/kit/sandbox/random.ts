/** Seeded random numbers: one seed gives one sequence, on every machine. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** One of the values. @throws RangeError when there is none */
  pick<Value>(values: readonly Value[]): Value;
}

/** Makes a generator (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    pick: (values) => {
      if (values.length === 0) throw new RangeError('There is nothing to pick from.');
      return values[integer(0, values.length - 1)] as (typeof values)[number];
    },
  };
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const copy = [...values];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = random.integer(0, index);
    const value = copy[index] as Value;
    copy[index] = copy[other] as Value;
    copy[other] = value;
  }
  return copy;
}
