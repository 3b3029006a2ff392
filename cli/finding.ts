export type Level = 'ok' | 'warning' | 'missing';

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly found: string;
  /** What to do; empty when there is nothing. */
  readonly advice: string;
}

const SIGNS: Record<Level, string> = { ok: 'ok     ', warning: 'warning', missing: 'MISSING' };

export function finding(check: string, level: Level, found: string, advice = ''): Finding {
  return { check, level, found, advice };
}

/** A line for people, with the advice below it. */
export function asText({ check, level, found, advice }: Finding): string {
  const line = `${SIGNS[level]}  ${check.padEnd(14)} ${found}`;
  return advice === '' ? line : `${line}\n${' '.repeat(25)}${advice}`;
}
