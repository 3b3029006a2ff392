import { randomUUID } from 'node:crypto';
import type { Queryable } from '#platform/database/database.ts';
import { NotFound, ReplayLimitReached, ReplayStateConflict } from '#schemas/problems.ts';
import type { Replay, ReplayOrder, ReplayState } from './replay.ts';
import { COLUMNS, fromRow, type ReplayRow } from './replay-row.ts';

/** What an operator can have done, from which states it leads where. Where it stands already is no change. */
const MOVES = {
  pause: { from: ['waiting', 'running'], to: 'paused' },
  resume: { from: ['paused', 'failed'], to: 'waiting' },
  cancel: { from: ['waiting', 'running', 'paused', 'failed'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly ReplayState[]; to: ReplayState }>;

export type ReplayMove = keyof typeof MOVES;

/** What a request may see: a tenant, and of it one organisation where it is confined to one. */
export interface ReplayScope {
  readonly tenantId: string;
  readonly orgId: string | null;
}

const MAX_OPEN = 100;
const IN_SCOPE = 'tenant_id = $1 AND ($2::text IS NULL OR org_id = $2)';

/** Replays in Postgres, as those who order them see them. */
export class ReplayStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** @throws ReplayLimitReached when the tenant has MAX_OPEN that have not ended */
  async insert(order: ReplayOrder): Promise<Replay> {
    const rows = await this.#database.query<ReplayRow>(
      `INSERT INTO replays (id, tenant_id, org_id, predicate, predicate_name, consumer, mode,
         rate_per_second, max_events, matched, created_by)
       SELECT $1::uuid, $2::text, $3::text, $4::jsonb, $5::text, $6::text, $7::text,
         $8::integer, $9::bigint, $10::bigint, $11::text
       WHERE $12 > (
         SELECT count(*) FROM replays
         WHERE tenant_id = $2 AND state IN ('waiting', 'running', 'paused')
       ) RETURNING ${COLUMNS}`,
      [
        randomUUID(),
        order.tenantId,
        order.orgId,
        JSON.stringify(order.predicate),
        order.predicateName,
        order.consumer,
        order.mode,
        order.ratePerSecond,
        order.maxEvents,
        order.matched,
        order.createdBy,
        MAX_OPEN,
      ],
    );
    if (rows[0]) return fromRow(rows[0]);
    throw new ReplayLimitReached(
      `There are ${MAX_OPEN} replays that have not ended. Wait for some, or cancel them.`,
    );
  }

  /** Newest first. @param page how many, and the id of the replay that the page before ended with */
  async list(
    { tenantId, orgId }: ReplayScope,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<Replay[]> {
    const rows = await this.#database.query<ReplayRow>(
      `SELECT ${COLUMNS} FROM replays
       WHERE ${IN_SCOPE} AND ($4::uuid IS NULL OR (created_at, id) < (
         SELECT last.created_at, last.id FROM replays AS last
         WHERE last.tenant_id = $1 AND last.id = $4
       ))
       ORDER BY created_at DESC, id DESC LIMIT $3`,
      [tenantId, orgId, limit, after ?? null],
    );
    return rows.map(fromRow);
  }

  /** @throws NotFound */
  async get({ tenantId, orgId }: ReplayScope, id: string): Promise<Replay> {
    const [row] = await this.#database.query<ReplayRow>(
      `SELECT ${COLUMNS} FROM replays WHERE ${IN_SCOPE} AND id = $3`,
      [tenantId, orgId, id],
    );
    if (!row) throw new NotFound(`There is no replay ${id}.`);
    return fromRow(row);
  }

  /**
   * Pauses, resumes or cancels. Who publishes it stops after the batch that is under way.
   *
   * @throws NotFound, and ReplayStateConflict when its state does not lead there
   */
  async move(scope: ReplayScope, id: string, move: ReplayMove): Promise<Replay> {
    const { from, to } = MOVES[move];
    const [row] = await this.#database.query<ReplayRow>(
      `UPDATE replays
       SET state = $4::text, waits_for = NULL, failure = NULL,
         finished_at = CASE WHEN $4 = 'cancelled' THEN now() END
       WHERE ${IN_SCOPE} AND id = $3 AND state = ANY($5::text[]) RETURNING ${COLUMNS}`,
      [scope.tenantId, scope.orgId, id, to, [...from]],
    );
    if (row) return fromRow(row);
    const found = await this.get(scope, id);
    const isThere = found.state === to || (move === 'resume' && found.state === 'running');
    if (isThere) return found;
    throw new ReplayStateConflict(
      `Replay ${id} is ${found.state}; ${move} takes one that is ${from.join(' or ')}.`,
    );
  }
}
