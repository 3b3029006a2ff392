import type { Problem } from '#schemas/problem.ts';
import { BusUnavailable } from '#schemas/problems.ts';

/** One call of publish: settled once each of its messages is, or at its deadline. */
export class PublishCall {
  readonly settled: Promise<void>;
  readonly #settle: (problem: Problem | undefined) => void;
  readonly #deadline: NodeJS.Timeout;
  #open: number;
  #problem: Problem | undefined;
  /** The caller has its answer. What is not sent by now is not worth sending. */
  isOver = false;

  constructor(messageCount: number, timeoutMs: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#open = messageCount;
    this.#settle = (problem) => {
      if (this.isOver) return;
      this.isOver = true;
      clearTimeout(this.#deadline);
      if (problem) reject(problem);
      else resolve();
    };
    this.#deadline = setTimeout(() => this.#settle(late(timeoutMs)), timeoutMs);
  }

  confirm(): void {
    this.#countDown();
  }

  fail(problem: Problem): void {
    this.#problem ??= problem;
    this.#countDown();
  }

  #countDown(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#settle(this.#problem);
  }
}

function late(timeoutMs: number): BusUnavailable {
  return new BusUnavailable(`Pub/Sub did not confirm within ${timeoutMs} ms.`, {
    retryAfterSeconds: 5,
  });
}
