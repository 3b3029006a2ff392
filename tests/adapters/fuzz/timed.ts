/** Longest time an answer may take. */
export const LIMIT_MS = 50;
const REPETITIONS = 5;

export interface Timed<Value> {
  readonly value: Value;
  /** The time on this thread. Where the first call took too long, the least of some more. */
  readonly ms: number;
}

/**
 * Runs a pure function and measures it. One that takes too long is run again: collecting garbage,
 * and what others do on the machine, are not its fault. Then only the time of this thread counts.
 */
export function timed<Value>(run: () => Value): Timed<Value> {
  const startedAt = performance.now();
  const value = run();
  let ms = performance.now() - startedAt;
  for (let again = 0; again < REPETITIONS && ms > LIMIT_MS; again += 1) {
    const before = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(before);
    ms = Math.min(ms, (user + system) / 1_000);
  }
  return { value, ms };
}
