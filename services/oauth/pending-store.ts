import type { Database } from '#platform/database/database.ts';
import { OauthStateInvalid, OauthWrongBrowser } from '#schemas/problems.ts';

/** A consent that is awaited. */
export interface Pending {
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly provider: string;
  /** The connection to authenticate again; null for a new one. */
  readonly connectionId: string | null;
  readonly draft: PendingDraft;
  readonly scopes: readonly string[];
  readonly actor: string;
}

export interface PendingDraft {
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly labels: Record<string, string>;
  /** How far whoever asked sees. */
  readonly reach: 'org' | 'tenant';
}

interface PendingRow {
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly connection_id: string | null;
  readonly draft: PendingDraft;
  readonly scopes: string[];
  readonly actor: string;
  readonly live: boolean;
}

const LIFETIME_MINUTES = 10;
/** What ran out is kept for as long, so that its callback is told so. */
const KEPT_HOURS = 1;
/** Of one browser. Starting another one ends the oldest. */
const MAX_PENDING = 20;

/** Consents that are awaited, in Postgres: hashes of what the browser holds, and no secret. */
export class PendingStore {
  readonly #database: Database;

  /** @param database the server's own: nobody's request reads the table */
  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns when it runs out */
  async add(stateHash: string, sessionHash: string, pending: Pending): Promise<Date> {
    const { tenantId, orgId, provider, connectionId, draft, scopes, actor } = pending;
    return this.#database.transaction(async (tx) => {
      await tx.query(
        `DELETE FROM oauth_authorizations
         WHERE expires_at < now() - make_interval(hours => $3)
            OR state_hash IN (SELECT state_hash FROM oauth_authorizations WHERE session_hash = $1
                              ORDER BY created_at DESC OFFSET $2)`,
        [sessionHash, MAX_PENDING - 1, KEPT_HOURS],
      );
      const [row] = await tx.query<{ expires_at: Date }>(
        `INSERT INTO oauth_authorizations (state_hash, tenant_id, org_id, session_hash, provider,
           connection_id, draft, scopes, actor, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(mins => $10))
         RETURNING expires_at`,
        [
          ...[stateHash, tenantId, orgId, sessionHash, provider, connectionId],
          ...[JSON.stringify(draft), scopes, actor, LIFETIME_MINUTES],
        ],
      );
      return (row as { expires_at: Date }).expires_at;
    });
  }

  /**
   * Takes an awaited consent out: whoever comes second finds none.
   *
   * @throws OauthWrongBrowser for another browser, which takes nothing out
   * @throws OauthStateInvalid when there is none, or it ran out
   */
  async take(stateHash: string, sessionHash: string, provider: string): Promise<Pending> {
    const [row] = await this.#database.query<PendingRow>(
      `DELETE FROM oauth_authorizations
       WHERE state_hash = $1 AND session_hash = $2 AND provider = $3
       RETURNING tenant_id, org_id, provider, connection_id, draft, scopes, actor,
         expires_at > now() AS live`,
      [stateHash, sessionHash, provider],
    );
    if (!row) return this.#refuse(stateHash, sessionHash);
    if (!row.live) {
      throw new OauthStateInvalid(
        `The consent came later than ${LIFETIME_MINUTES} minutes after it was asked for. Connect again.`,
      );
    }
    return {
      tenantId: row.tenant_id,
      orgId: row.org_id,
      provider: row.provider,
      connectionId: row.connection_id,
      draft: row.draft,
      scopes: row.scopes,
      actor: row.actor,
    };
  }

  async #refuse(stateHash: string, sessionHash: string): Promise<never> {
    const others = await this.#database.query(
      'SELECT FROM oauth_authorizations WHERE state_hash = $1 AND session_hash <> $2',
      [stateHash, sessionHash],
    );
    if (others.length > 0) {
      throw new OauthWrongBrowser(
        'This consent was asked for in another browser or by another sign-in. Nothing was connected. Open the page in the browser in which you began, or connect again here.',
      );
    }
    throw new OauthStateInvalid(
      'This consent is not awaited: it was used already, or never asked for here. Connect again.',
    );
  }
}
