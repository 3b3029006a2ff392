import type { Database } from '#platform/database/database.ts';
import { saveWatermark } from './save-watermark.ts';
import type { Abandoned, Watermarks } from './watermarks.ts';

const NAME = 'integration-events';
const BEGINNING = '1970-01-01T00:00:00.000Z';

/** For an installation of one process at a time: whatever stands there is the last run's. */
export class SoleWatermark implements Watermarks {
  readonly exclusive = true;
  readonly #database: Database;
  #claimed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  async latest(): Promise<string | undefined> {
    const rows = await this.#database.query<{ published_through: Date }>(
      'SELECT published_through FROM relay_watermarks WHERE name = $1',
      [NAME],
    );
    return rows[0]?.published_through.toISOString();
  }

  async claim(): Promise<readonly Abandoned[]> {
    if (this.#claimed) return [];
    // Without a watermark the first run ended before it had one: all there is may be missing.
    const from = (await this.latest()) ?? BEGINNING;
    this.#claimed = true;
    return [{ name: NAME, from }];
  }

  save(publishedThrough: string, behind: boolean): Promise<void> {
    return saveWatermark(this.#database, NAME, publishedThrough, behind);
  }

  // What the last run held back is carried before anything new is taken.
  async behind(): Promise<undefined> {}

  // The row stays from run to run, and nobody else reads it.
  async forget(): Promise<void> {}
  async open(): Promise<void> {}
  async beat(): Promise<void> {}
  async close(): Promise<void> {}
}
