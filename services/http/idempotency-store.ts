import type { Queryable } from '#platform/database/database.ts';
import { IdempotencyKeyReused, InternalError, RequestInProgress } from '#schemas/problems.ts';

/** Whose key it is: two callers may use the same. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly actor: string;
  readonly key: string;
}

/** An answer as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The right to answer for a key; a later claim of the same key ends it. */
export interface Claim extends KeyOwner {
  /** Exact text of when it was made, which tells claims of a key apart. */
  readonly claimedAt: string;
}

interface KeyRow {
  readonly request_hash: string;
  readonly status: number | null;
  readonly body: string | null;
}

/** How long a key stands for its answer. */
const KEPT_HOURS = 24;
/** A request this old that has no answer belongs to a process that is gone. */
const ABANDONED_SECONDS = 60;
const ATTEMPTS = 5;

/** Keys of requests and what was answered, in Postgres. A table of the server alone. */
export class IdempotencyStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /**
   * Claims a key for a request, or finds what was answered to the same request before.
   *
   * @param requestHash what tells requests apart
   * @throws RequestInProgress while the same request is under way
   * @throws IdempotencyKeyReused when the key was used for another request
   */
  async claim(owner: KeyOwner, requestHash: string): Promise<Claim | KeptAnswer> {
    // The row that refuses a claim may be freed before it is read.
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const claimedAt = await this.#insert(owner, requestHash);
      if (claimedAt !== undefined) return { ...owner, claimedAt };
      const row = await this.#find(owner);
      if (!row) continue;
      if (row.request_hash !== requestHash) {
        throw new IdempotencyKeyReused(
          'This Idempotency-Key came with another request before. Make a new key for each request, and keep it only to send the same request again.',
        );
      }
      if (row.status !== null) return { status: row.status, ...JSON.parse(row.body ?? '{}') };
      throw new RequestInProgress(
        'The same request is under way. Send it again for its answer, after Retry-After.',
        { retryAfterSeconds: 1 },
      );
    }
    throw new InternalError('The idempotency key is claimed and freed again and again.');
  }

  /** Keeps the answer of a claim, unless another has taken the key over. */
  async keep({ tenantId, actor, key, claimedAt }: Claim, answer: KeptAnswer): Promise<void> {
    const { status, headers, body } = answer;
    await this.#database.query(
      `UPDATE idempotency_keys SET status = $5, body = $6
       WHERE tenant_id = $1 AND actor = $2 AND key = $3 AND created_at = $4::text::timestamptz
         AND status IS NULL`,
      [tenantId, actor, key, claimedAt, status, JSON.stringify({ headers, body })],
    );
  }

  /** Gives a claim up, so that the same request may be tried again at once. */
  async free({ tenantId, actor, key, claimedAt }: Claim): Promise<void> {
    await this.#database.query(
      `DELETE FROM idempotency_keys
       WHERE tenant_id = $1 AND actor = $2 AND key = $3 AND created_at = $4::text::timestamptz
         AND status IS NULL`,
      [tenantId, actor, key, claimedAt],
    );
  }

  async #insert({ tenantId, actor, key }: KeyOwner, hash: string): Promise<string | undefined> {
    const [row] = await this.#database.query<{ claimed_at: string }>(
      `INSERT INTO idempotency_keys AS kept (tenant_id, actor, key, request_hash, created_at)
       VALUES ($1, $2, $3, $4, clock_timestamp())
       ON CONFLICT (tenant_id, actor, key) DO UPDATE
       SET request_hash = EXCLUDED.request_hash, created_at = EXCLUDED.created_at,
         status = NULL, body = NULL
       WHERE kept.created_at < now() - make_interval(hours => $5)
         OR (kept.status IS NULL AND kept.request_hash = EXCLUDED.request_hash
           AND kept.created_at < now() - make_interval(secs => $6))
       RETURNING created_at::text AS claimed_at`,
      [tenantId, actor, key, hash, KEPT_HOURS, ABANDONED_SECONDS],
    );
    return row?.claimed_at;
  }

  async #find({ tenantId, actor, key }: KeyOwner): Promise<KeyRow | undefined> {
    const [row] = await this.#database.query<KeyRow>(
      `SELECT request_hash, status, body FROM idempotency_keys
       WHERE tenant_id = $1 AND actor = $2 AND key = $3`,
      [tenantId, actor, key],
    );
    return row;
  }
}
