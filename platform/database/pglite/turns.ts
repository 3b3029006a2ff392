import { DatabaseUnavailable } from '#schemas/problems.ts';

/** Runs pieces of work one after the other, in the order they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param waitMs how long to wait for the turn; the work itself may take longer. At most 2^31 - 1
   * @returns what `work` returns
   * @throws DatabaseUnavailable when the turn did not come in time; `work` is then never run
   */
  async take<Result>(work: () => Promise<Result>, waitMs: number): Promise<Result> {
    let expired = false;
    const waited = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      expired = true;
      waited.reject(
        new DatabaseUnavailable(
          `The database was busy with other work for ${waitMs} ms. Nothing was done: retry shortly.`,
        ),
      );
    }, waitMs);
    const turn = this.#last.then(() => {
      clearTimeout(timer);
      // Not reached by the caller, who has the timeout's error already.
      return expired ? waited.promise : work();
    });
    this.#last = turn.catch(() => undefined);
    return Promise.race([turn, waited.promise]);
  }

  /** Resolves once all work asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
