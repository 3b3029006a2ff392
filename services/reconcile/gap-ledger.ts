import type { Database } from '#platform/database/database.ts';

export type Direction = 'publish' | 'append';

/** An event that was published again, and is not proven yet. Times in ms since 1970. */
export interface CarriedGap {
  readonly eventId: string;
  readonly tenantId: string;
  /** When it was received. */
  readonly atMs: number;
  readonly attempts: number;
  readonly attemptedAtMs: number;
  /** True when it was published again so long ago that its proof should be there. */
  readonly overdue: boolean;
}

/** What cannot be healed by itself. */
export interface StuckGap {
  readonly direction: Direction;
  readonly state: 'unproven' | 'unusable';
  readonly event_id: string;
  readonly at: string;
  readonly reason: string | null;
  readonly attempts: number;
}

export interface Unusable {
  readonly eventId: string;
  readonly tenantId: string | null;
  readonly atMs: number;
  readonly reason: string;
}

export interface GapCounts {
  /** Published again, proof awaited. */
  readonly carried: number;
  /** Published again as often as may be, without proof. */
  readonly unproven: number;
  /** Messages that are no events, or events that cannot be carried. */
  readonly unusable: number;
}

/** Most events whose proof is looked for in one run. */
const AWAITED = 60_000;

/** What is known of single gaps, in Postgres. Every method throws DatabaseUnavailable when it is away. */
export class GapLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Which of the events have an entry already. */
  async known(direction: Direction, eventIds: readonly string[]): Promise<Set<string>> {
    if (eventIds.length === 0) return new Set();
    const rows = await this.#database.query<{ event_id: string }>(
      'SELECT event_id FROM reconcile_gaps WHERE direction = $1 AND event_id = ANY($2::text[])',
      [direction, eventIds],
    );
    return new Set(rows.map(({ event_id }) => event_id));
  }

  /** Events that were published again and await proof, those published first first. */
  async carried(graceMs: number): Promise<CarriedGap[]> {
    const rows = await this.#database.query<{
      event_id: string;
      tenant_id: string;
      at: Date;
      attempts: number;
      attempted_at: Date;
      overdue: boolean;
    }>(
      `SELECT event_id, tenant_id, at, attempts, attempted_at,
              attempted_at < now() - make_interval(secs => $1::float8 / 1000) AS overdue
       FROM reconcile_gaps WHERE direction = 'publish' AND state = 'carried'
       ORDER BY attempted_at, at, event_id LIMIT $2`,
      [graceMs, AWAITED],
    );
    return rows.map((row) => ({
      eventId: row.event_id,
      tenantId: row.tenant_id,
      atMs: row.at.getTime(),
      attempts: row.attempts,
      attemptedAtMs: row.attempted_at.getTime(),
      overdue: row.overdue,
    }));
  }

  /** Counts an attempt for each event. Call it before they are published: a crash must not undo it. */
  async countAttempts(
    gaps: readonly Pick<CarriedGap, 'eventId' | 'tenantId' | 'atMs'>[],
  ): Promise<void> {
    await this.#database.query(
      `INSERT INTO reconcile_gaps (direction, event_id, tenant_id, at, state, attempts)
       SELECT 'publish', event_id, tenant_id, at, 'carried', 1
       FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS gap (event_id, tenant_id, at)
       ON CONFLICT (direction, event_id) DO UPDATE
       SET attempts = reconcile_gaps.attempts + 1, attempted_at = now()`,
      [
        gaps.map(({ eventId }) => eventId),
        gaps.map(({ tenantId }) => tenantId),
        gaps.map(({ atMs }) => new Date(atMs).toISOString()),
      ],
    );
  }

  /** Takes an attempt back that did not come about. */
  async undoAttempts(eventIds: readonly string[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.query(
        `DELETE FROM reconcile_gaps
         WHERE direction = 'publish' AND event_id = ANY($1::text[]) AND attempts <= 1`,
        [eventIds],
      );
      await tx.query(
        `UPDATE reconcile_gaps SET attempts = attempts - 1
         WHERE direction = 'publish' AND event_id = ANY($1::text[])`,
        [eventIds],
      );
    });
  }

  /** Forgets events whose proof has come. */
  async settle(eventIds: readonly string[]): Promise<void> {
    if (eventIds.length === 0) return;
    await this.#database.query(
      "DELETE FROM reconcile_gaps WHERE direction = 'publish' AND event_id = ANY($1::text[])",
      [eventIds],
    );
  }

  /** Gives events up that were published again as often as they may be. */
  async giveUp(eventIds: readonly string[]): Promise<void> {
    if (eventIds.length === 0) return;
    await this.#database.query(
      `UPDATE reconcile_gaps SET state = 'unproven'
       WHERE direction = 'publish' AND event_id = ANY($1::text[])`,
      [eventIds],
    );
  }

  /** Keeps what can be neither published nor appended, so that it is told once. */
  async setAside(direction: Direction, gaps: readonly Unusable[]): Promise<void> {
    if (gaps.length === 0) return;
    await this.#database.query(
      `INSERT INTO reconcile_gaps (direction, event_id, tenant_id, at, state, reason)
       SELECT $1, event_id, tenant_id, at, 'unusable', reason
       FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[])
         AS gap (event_id, tenant_id, at, reason)
       ON CONFLICT (direction, event_id) DO UPDATE
       SET state = 'unusable', reason = EXCLUDED.reason`,
      [
        direction,
        gaps.map(({ eventId }) => eventId),
        gaps.map(({ tenantId }) => tenantId),
        gaps.map(({ atMs }) => new Date(atMs).toISOString()),
        gaps.map(({ reason }) => reason),
      ],
    );
  }

  async counts(): Promise<GapCounts> {
    const rows = await this.#database.query<{ state: keyof GapCounts; events: string }>(
      'SELECT state, count(*) AS events FROM reconcile_gaps GROUP BY state',
    );
    const of = (state: keyof GapCounts) =>
      Number(rows.find((row) => row.state === state)?.events ?? 0);
    return { carried: of('carried'), unproven: of('unproven'), unusable: of('unusable') };
  }

  /** What cannot be healed of one tenant, newest first. */
  async stuck(tenantId: string, limit: number): Promise<StuckGap[]> {
    const rows = await this.#database.query<Omit<StuckGap, 'at'> & { at: Date }>(
      `SELECT direction, state, event_id, at, reason, attempts FROM reconcile_gaps
       WHERE tenant_id = $1 AND state <> 'carried' ORDER BY at DESC, event_id LIMIT $2`,
      [tenantId, limit],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }

  /** Events that were given up, to look for their proof once more. */
  async givenUp(limit: number): Promise<{ readonly eventId: string; readonly atMs: number }[]> {
    const rows = await this.#database.query<{ event_id: string; at: Date }>(
      `SELECT event_id, at FROM reconcile_gaps
       WHERE direction = 'publish' AND state = 'unproven' ORDER BY attempted_at DESC LIMIT $1`,
      [limit],
    );
    return rows.map(({ event_id, at }) => ({ eventId: event_id, atMs: at.getTime() }));
  }

  /** Forgets what nothing was done about for so many days. */
  async forget(days: number): Promise<void> {
    await this.#database.query(
      'DELETE FROM reconcile_gaps WHERE attempted_at < now() - make_interval(days => $1)',
      [days],
    );
  }
}
