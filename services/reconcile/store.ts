import type { Database } from '#platform/database/database.ts';
import type { ProofState, StateName, SuspensionReason } from './proof-state.ts';
import { OVERLAP_MS } from './settings.ts';

const NAME = 'integration-events';

export type RunKind = 'scheduled' | 'deep' | 'manual';

/** How far reconciliation has come; times in ms since 1970. */
export interface ReconcileProgress {
  /** Proofs are complete from here on. */
  readonly sinceMs: number;
  readonly publishedThroughMs: number;
  readonly appendedThroughMs: number;
  readonly state: ProofState;
}

interface ProgressRow {
  readonly since: Date;
  readonly published_through: Date;
  readonly appended_through: Date;
  readonly state: StateName;
  readonly reason: SuspensionReason | null;
  readonly state_since: Date;
}

/** Where the directions stood at the beginning of the oldest run of the last hour. */
export interface RecentRuns {
  readonly publishedThroughMs: number | undefined;
  readonly appendedThroughMs: number | undefined;
}

export interface PastRun {
  readonly id: number;
  readonly kind: RunKind;
  readonly dry_run: boolean;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly report: unknown;
}

/** A week of runs. */
const RUNS_KEPT = 2_000;

/** Progress and history in Postgres. Every method throws DatabaseUnavailable when it is away. */
export class ReconcileStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes the progress known at the very first start. @param sinceMs proofs are complete from then on */
  async begin(sinceMs: number): Promise<void> {
    await this.#database.query(
      `INSERT INTO reconcile_progress (name, since, published_through, appended_through)
       VALUES ($1, $2, $2, $2) ON CONFLICT DO NOTHING`,
      [NAME, new Date(sinceMs).toISOString()],
    );
  }

  /** @returns undefined before the very first start of a worker */
  async progress(): Promise<ReconcileProgress | undefined> {
    const [row] = await this.#database.query<ProgressRow>(
      'SELECT * FROM reconcile_progress WHERE name = $1',
      [NAME],
    );
    return (
      row && {
        sinceMs: row.since.getTime(),
        publishedThroughMs: row.published_through.getTime(),
        appendedThroughMs: row.appended_through.getTime(),
        state: { name: row.state, reason: row.reason, sinceMs: row.state_since.getTime() },
      }
    );
  }

  /** Moves the watermarks that are given; neither ever goes back. */
  async advance(through: {
    readonly publishedMs: number | undefined;
    readonly appendedMs: number | undefined;
  }): Promise<void> {
    const { publishedMs, appendedMs } = through;
    if (publishedMs === undefined && appendedMs === undefined) return;
    await this.#database.query(
      `UPDATE reconcile_progress
       SET published_through = GREATEST(published_through, $2::timestamptz),
           appended_through = GREATEST(appended_through, $3::timestamptz)
       WHERE name = $1`,
      [NAME, instant(publishedMs), instant(appendedMs)],
    );
  }

  async saveState({ name, reason, sinceMs }: ProofState): Promise<void> {
    await this.#database.query(
      'UPDATE reconcile_progress SET state = $2, reason = $3, state_since = $4 WHERE name = $1',
      [NAME, name, reason, new Date(sinceMs).toISOString()],
    );
  }

  async recentRuns(): Promise<RecentRuns> {
    const [row] = await this.#database.query<{ published: Date | null; appended: Date | null }>(
      `SELECT min(published_through) AS published, min(appended_through) AS appended
       FROM reconcile_runs
       WHERE NOT dry_run AND started_at > now() - make_interval(secs => $1::float8 / 1000)`,
      [OVERLAP_MS],
    );
    return {
      publishedThroughMs: row?.published?.getTime(),
      appendedThroughMs: row?.appended?.getTime(),
    };
  }

  /** @returns the run's id */
  async beginRun(kind: RunKind, dryRun: boolean, progress: ReconcileProgress): Promise<number> {
    const [row] = await this.#database.query<{ id: string }>(
      `INSERT INTO reconcile_runs (kind, dry_run, published_through, appended_through)
       VALUES ($1, $2, $3, $4) RETURNING id`,
      [kind, dryRun, instant(progress.publishedThroughMs), instant(progress.appendedThroughMs)],
    );
    return Number(row?.id);
  }

  /** Keeps what a run has to tell, and forgets the oldest runs. */
  async finishRun(id: number, report: object): Promise<void> {
    await this.#database.query(
      'UPDATE reconcile_runs SET finished_at = now(), report = $2 WHERE id = $1',
      [id, JSON.stringify(report)],
    );
    await this.#database.query('DELETE FROM reconcile_runs WHERE id <= $1', [id - RUNS_KEPT]);
  }

  /** The latest runs, newest first. */
  async runs(limit: number): Promise<PastRun[]> {
    const rows = await this.#database.query<{
      id: string;
      kind: RunKind;
      dry_run: boolean;
      started_at: Date;
      finished_at: Date | null;
      report: string | null;
    }>(
      `SELECT id, kind, dry_run, started_at, finished_at, report FROM reconcile_runs
       ORDER BY id DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({
      id: Number(row.id),
      kind: row.kind,
      dry_run: row.dry_run,
      started_at: row.started_at.toISOString(),
      finished_at: row.finished_at?.toISOString() ?? null,
      report: row.report === null ? null : JSON.parse(row.report),
    }));
  }
}

function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
