import type { Queryable } from '#platform/database/database.ts';
import { NotFound, ReplayLimitReached } from '#schemas/problems.ts';
import type { Predicate } from './predicate.ts';

/** A predicate under a name of the tenant. `updatedAt` is RFC 3339. */
export interface SavedPredicate {
  readonly name: string;
  readonly predicate: Predicate;
  readonly createdBy: string;
  readonly updatedAt: string;
}

interface PredicateRow {
  readonly name: string;
  readonly predicate: Predicate;
  readonly created_by: string;
  readonly updated_at: Date;
}

const COLUMNS = 'name, predicate, created_by, updated_at';
/** Of a tenant. */
export const MAX_SAVED = 100;

/** Saved predicates in Postgres. */
export class PredicateStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** Saves it in place of what had the name. @throws ReplayLimitReached beyond MAX_SAVED of a tenant */
  async put(
    tenantId: string,
    name: string,
    predicate: Predicate,
    createdBy: string,
  ): Promise<SavedPredicate> {
    const [row] = await this.#database.query<PredicateRow>(
      `INSERT INTO replay_predicates (tenant_id, name, predicate, created_by)
       SELECT $1::text, $2::text, $3::jsonb, $4::text
       WHERE $5 > (SELECT count(*) FROM replay_predicates WHERE tenant_id = $1 AND name <> $2)
       ON CONFLICT (tenant_id, name) DO UPDATE
       SET predicate = EXCLUDED.predicate, created_by = EXCLUDED.created_by, updated_at = now()
       RETURNING ${COLUMNS}`,
      [tenantId, name, JSON.stringify(predicate), createdBy, MAX_SAVED],
    );
    if (row) return fromRow(row);
    throw new ReplayLimitReached(`There are ${MAX_SAVED} saved predicates. Delete one first.`);
  }

  /** By name. */
  async list(tenantId: string): Promise<SavedPredicate[]> {
    const rows = await this.#database.query<PredicateRow>(
      `SELECT ${COLUMNS} FROM replay_predicates WHERE tenant_id = $1 ORDER BY name`,
      [tenantId],
    );
    return rows.map(fromRow);
  }

  /** @throws NotFound */
  async get(tenantId: string, name: string): Promise<SavedPredicate> {
    return single(
      await this.#database.query<PredicateRow>(
        `SELECT ${COLUMNS} FROM replay_predicates WHERE tenant_id = $1 AND name = $2`,
        [tenantId, name],
      ),
      name,
    );
  }

  /** @throws NotFound */
  async delete(tenantId: string, name: string): Promise<void> {
    single(
      await this.#database.query<PredicateRow>(
        `DELETE FROM replay_predicates WHERE tenant_id = $1 AND name = $2 RETURNING ${COLUMNS}`,
        [tenantId, name],
      ),
      name,
    );
  }
}

function single([row]: readonly PredicateRow[], name: string): SavedPredicate {
  if (row) return fromRow(row);
  throw new NotFound(`There is no saved predicate ${name}.`);
}

function fromRow({ name, predicate, created_by, updated_at }: PredicateRow): SavedPredicate {
  return { name, predicate, createdBy: created_by, updatedAt: updated_at.toISOString() };
}
