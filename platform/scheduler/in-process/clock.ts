/** Time, as the scheduler sees it; tests put one in that they move by hand. */
export interface Clock {
  nowMs(): number;
  /** Calls back once after the delay. @returns a function that takes the call back */
  after(delayMs: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
