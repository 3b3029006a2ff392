import type { Queryable } from '#platform/database/database.ts';
import type { CredentialRow } from './credential-row.ts';
import { retryDelaySeconds } from './token-state.ts';

/** Why a refresh failed: a stable word and a sentence, without secrets. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
}

export interface Delay extends Failure {
  readonly retryAfterSeconds?: number | undefined;
  /** False when it is not known whether the provider gave out tokens. */
  readonly answered: boolean;
}

/**
 * What rows say of refreshes. Everything is written only while the row pins the version that was read, so
 * that a process which comes late says nothing of a newer one.
 */
export class RefreshLog {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** Says, before the provider is asked, that it is. @returns false when another version is pinned */
  async begin({ connectionId, version }: CredentialRow): Promise<boolean> {
    const rows = await this.#database.query(
      `UPDATE connection_credentials SET refresh_started_at = coalesce(refresh_started_at, now())
       WHERE connection_id = $1 AND secret_ref_version = $2 RETURNING 1`,
      [connectionId, version],
    );
    return rows.length > 0;
  }

  /** Puts the next attempt off. */
  async delay(row: CredentialRow, { code, detail, retryAfterSeconds, answered }: Delay) {
    const seconds = retryDelaySeconds(row.failures + 1, Math.random(), retryAfterSeconds);
    await this.#database.query(
      `UPDATE connection_credentials SET failures = failures + 1, failure = $3, failure_detail = $4,
         retry_at = now() + make_interval(secs => $5::float8),
         refresh_started_at = CASE WHEN $6 THEN $7 ELSE refresh_started_at END, updated_at = now()
       WHERE connection_id = $1 AND secret_ref_version = $2`,
      [row.connectionId, row.version, code, detail, seconds, answered, row.refreshStartedAt],
    );
  }

  /** Ends refreshing until somebody authenticates. @returns false when there is nothing to end */
  async fail(row: CredentialRow, { code, detail }: Failure): Promise<boolean> {
    const rows = await this.#database.query(
      `UPDATE connection_credentials SET failures = failures + 1, failure = $3, failure_detail = $4,
         retry_at = NULL, refresh_started_at = $5, updated_at = now()
       WHERE connection_id = $1 AND secret_ref_version = $2
         AND (failure IS NULL OR retry_at IS NOT NULL)
       RETURNING 1`,
      [row.connectionId, row.version, code, detail, row.refreshStartedAt],
    );
    return rows.length > 0;
  }
}
