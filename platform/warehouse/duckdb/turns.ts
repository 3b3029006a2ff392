/**
 * Runs pieces of work one after the other, in the order they were asked for. DuckDB's memory is so small
 * that two at once would not find theirs: reading a journal alone takes 32 MiB of it.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
