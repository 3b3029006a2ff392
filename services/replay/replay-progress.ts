import { randomUUID } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';
import type { OutboxPosition } from '../outbox/outbox-reader.ts';
import type { Replay } from './replay.ts';
import { COLUMNS, fromRow, type ReplayRow } from './replay-row.ts';

/** What is to be worked on, oldest first; it may be in the hands of another process. */
export async function runnableReplays(database: Database, limit: number): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT id FROM replays WHERE state IN ('waiting', 'running') ORDER BY created_at, id LIMIT $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * One process at work on a replay. Its writes count as long as no other has begun after it, whatever
 * became of its lease.
 */
export class ReplayProgress {
  readonly #database: Database;
  readonly #runner: string;
  readonly replay: Replay;

  private constructor(database: Database, runner: string, replay: Replay) {
    this.#database = database;
    this.#runner = runner;
    this.replay = replay;
  }

  /** @returns undefined when it was paused or has ended meanwhile */
  static async begin(
    database: Database,
    id: string,
    process: string,
  ): Promise<ReplayProgress | undefined> {
    const runner = randomUUID();
    const [row] = await database.query<ReplayRow>(
      `UPDATE replays
       SET state = 'running', runner = $2, process = $3, started_at = COALESCE(started_at, now())
       WHERE id = $1 AND state IN ('waiting', 'running') RETURNING ${COLUMNS}`,
      [id, runner, process],
    );
    return row && new ReplayProgress(database, runner, fromRow(row));
  }

  /**
   * Saves what was published, also of a replay that was paused or cancelled while it was.
   *
   * @returns whether to go on
   */
  confirm(position: OutboxPosition, published: number): Promise<boolean> {
    return this.#update('position = $3, published = published + $4, waits_for = NULL', [
      JSON.stringify(position),
      published,
    ]);
  }

  /** Says what it waits for. @returns whether to go on */
  wait(problemCode: string): Promise<boolean> {
    return this.#update(`waits_for = CASE WHEN state = 'running' THEN $3 END`, [problemCode]);
  }

  finish(): Promise<boolean> {
    return this.#end(`'finished'`, 'NULL', []);
  }

  fail(reason: string): Promise<boolean> {
    return this.#end(`'failed'`, '$3', [reason]);
  }

  #end(state: string, failure: string, values: readonly unknown[]): Promise<boolean> {
    const unless = (value: string, column: string) =>
      `${column} = CASE WHEN state = 'running' THEN ${value} ELSE ${column} END`;
    return this.#update(
      [
        unless(failure, 'failure'),
        unless('now()', 'finished_at'),
        'waits_for = NULL',
        unless(state, 'state'),
      ].join(', '),
      values,
    );
  }

  async #update(changes: string, values: readonly unknown[]): Promise<boolean> {
    const [row] = await this.#database.query<{ state: string }>(
      `UPDATE replays SET ${changes} WHERE id = $1 AND runner = $2 RETURNING state`,
      [this.replay.id, this.#runner, ...values],
    );
    return row?.state === 'running';
  }
}
