import { randomUUID } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';
import { saveWatermark } from './save-watermark.ts';
import type { Abandoned, Behind, Watermarks } from './watermarks.ts';

/** A process that has not been heard of for so long is gone. */
const GONE_AFTER_SECONDS = 60;
/** Who has taken on a gone process's work and does not finish is gone too. */
const CLAIM_SECONDS = 300;

/**
 * For an installation of several processes: each has a watermark of its own, and any of them takes on
 * what a process that is gone has left. A process that was only slow comes back under its own name;
 * what it had left is then carried twice, which consumers make one.
 */
export class SharedWatermarks implements Watermarks {
  readonly exclusive = false;
  readonly #database: Database;
  readonly #name = `integration-events/${randomUUID()}`;
  #saved: { readonly through: string; readonly behind: boolean } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async latest(): Promise<string | undefined> {
    const rows = await this.#database.query<{ latest: Date | null }>(
      'SELECT max(published_through) AS latest FROM relay_watermarks',
    );
    return rows[0]?.latest?.toISOString();
  }

  async claim(): Promise<readonly Abandoned[]> {
    const rows = await this.#database.query<{ name: string; published_through: Date }>(
      `UPDATE relay_watermarks SET claimed_until = now() + make_interval(secs => $3)
       WHERE name <> $1 AND updated_at < now() - make_interval(secs => $2)
         AND (claimed_until IS NULL OR claimed_until < now())
       RETURNING name, published_through`,
      [this.#name, GONE_AFTER_SECONDS, CLAIM_SECONDS],
    );
    return rows.map(({ name, published_through }) => ({
      name,
      from: published_through.toISOString(),
    }));
  }

  forget(abandoned: readonly Abandoned[]): Promise<void> {
    return this.#remove(abandoned.map(({ name }) => name));
  }

  open(): Promise<void> {
    return this.save(new Date().toISOString(), false);
  }

  async behind(): Promise<Behind | undefined> {
    const [row] = await this.#database.query<{ from: Date | null; lives: boolean | null }>(
      `SELECT min(published_through) AS "from",
         bool_or(updated_at > now() - make_interval(secs => $2)) AS lives
       FROM relay_watermarks WHERE behind AND name <> $1`,
      [this.#name, GONE_AFTER_SECONDS],
    );
    return row?.from ? { from: row.from.toISOString(), lives: row.lives === true } : undefined;
  }

  async save(through: string, behind: boolean): Promise<void> {
    await saveWatermark(this.#database, this.#name, through, behind);
    this.#saved = { through, behind };
  }

  async beat(): Promise<void> {
    // Not only an UPDATE: others may have taken this process for gone, and forgotten it.
    if (this.#saved) await this.save(this.#saved.through, this.#saved.behind);
  }

  async close(complete: boolean): Promise<void> {
    if (complete) await this.#remove([this.#name]);
  }

  async #remove(names: readonly string[]): Promise<void> {
    await this.#database.query('DELETE FROM relay_watermarks WHERE name = ANY($1::text[])', [
      names,
    ]);
  }
}
