import type { DuckDBConnection } from '@duckdb/node-api';
import { Turns } from '../turns.ts';

/** Times the limit that work gets at its second attempt. */
const MORE = 4;

/**
 * DuckDB's memory, for what takes much of it: one piece of work at a time, as reading a journal alone
 * takes 32 MiB. The limit is low, as the process is to stay small, and higher for a while for work that
 * does not find enough. DuckDB spills what it groups and joins to disk, but each operator needs a few
 * blocks at once: an audit's query fails with 56 MB at 100,000 events, and with 80 MB does 2,000,000.
 */
export class SharedMemory {
  readonly #connection: DuckDBConnection;
  readonly #limitMb: number;
  readonly #turns = new Turns(1);
  #isRaised = false;

  /** @param limitMb what the instance was opened with */
  constructor(connection: DuckDBConnection, limitMb: number) {
    this.#connection = connection;
    this.#limitMb = limitMb;
  }

  /**
   * Does a piece of work in its turn, and once more with more memory if it fails for want of it.
   *
   * @throws what the work throws
   */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(async () => {
      if (this.#isRaised) await this.#lower();
      try {
        return await work();
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
      }
      await this.#set(this.#limitMb * MORE);
      this.#isRaised = true;
      try {
        return await work();
      } finally {
        await this.#lower();
      }
    });
  }

  async #lower(): Promise<void> {
    try {
      await this.#set(this.#limitMb);
      this.#isRaised = false;
    } catch (error) {
      // Refused while streams hold more than that: the next work tries again.
      if (!isOutOfMemory(error)) throw error;
    }
  }

  async #set(megabytes: number): Promise<void> {
    await this.#connection.run(`SET memory_limit = '${megabytes}MB'`);
  }
}

function isOutOfMemory(error: unknown): boolean {
  return String(error).includes('Out of Memory') || String(error).includes('could not free up');
}
