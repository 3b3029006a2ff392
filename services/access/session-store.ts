import type { Database, Queryable } from '#platform/database/database.ts';
import { SignInLinkInvalid } from '#schemas/problems.ts';
import type { Role } from './access.ts';
import type { Identity } from './principal.ts';

/** A session as it is stored: by the hash of its secret, which nobody can sign in with. */
export interface StoredSession {
  readonly identity: Identity;
  readonly expiresAt: Date;
}

export interface NewSession {
  readonly idHash: string;
  readonly identity: Identity;
  /** Ended at the same time: that of the browser which signs in again. */
  readonly replaces?: string | undefined;
  /** Used up at the same time. */
  readonly link?: { readonly id: string; readonly expiresAt: Date } | undefined;
}

interface SessionRow {
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly role: Role;
  readonly subject: string;
  readonly expires_at: Date;
  readonly unnoted: boolean;
}

/** However much it is used. */
export const SESSION_HOURS = 12;
/** Without a request. */
export const IDLE_HOURS = 2;

/** Sessions of browsers in Postgres. All times are the database's: several processes serve one session. */
export class SessionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * @returns when it ends, however much it is used
   * @throws SignInLinkInvalid when its link was used before
   */
  start({ idHash, identity, replaces, link }: NewSession): Promise<Date> {
    return this.#database.transaction(async (tx) => {
      if (link) await useUp(tx, link);
      if (replaces !== undefined) {
        await tx.query('DELETE FROM sessions WHERE id_hash = $1', [replaces]);
      }
      const { tenantId, orgId, role, actor } = identity;
      const [row] = await tx.query<{ expires_at: Date }>(
        `INSERT INTO sessions (id_hash, tenant_id, org_id, role, subject, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + make_interval(hours => $6)) RETURNING expires_at`,
        [idHash, tenantId, orgId, role, actor, SESSION_HOURS],
      );
      return (row as { expires_at: Date }).expires_at;
    });
  }

  /** One that is neither at its end nor idle for too long; and notes that it was used. */
  async find(idHash: string): Promise<StoredSession | undefined> {
    const [row] = await this.#database.query<SessionRow>(
      `SELECT tenant_id, org_id, role, subject, expires_at,
         last_seen_at < now() - interval '1 minute' AS unnoted
       FROM sessions
       WHERE id_hash = $1 AND expires_at > now()
         AND last_seen_at > now() - make_interval(hours => $2)`,
      [idHash, IDLE_HOURS],
    );
    if (!row) return undefined;
    if (row.unnoted) await this.#noteUse(idHash);
    const { tenant_id: tenantId, org_id: orgId, role, subject: actor, expires_at } = row;
    return { identity: { tenantId, orgId, role, actor }, expiresAt: expires_at };
  }

  /** Asks for the minute once more: of many requests at once, one writes. */
  async #noteUse(idHash: string): Promise<void> {
    await this.#database.query(
      `UPDATE sessions SET last_seen_at = now()
       WHERE id_hash = $1 AND last_seen_at < now() - interval '1 minute'`,
      [idHash],
    );
  }

  async end(idHash: string): Promise<void> {
    await this.#database.query('DELETE FROM sessions WHERE id_hash = $1', [idHash]);
  }
}

async function useUp(tx: Queryable, link: { id: string; expiresAt: Date }): Promise<void> {
  const used = await tx.query(
    `INSERT INTO used_sign_in_links (id, expires_at) VALUES ($1, $2)
     ON CONFLICT DO NOTHING RETURNING id`,
    [link.id, link.expiresAt],
  );
  if (used.length === 0)
    throw new SignInLinkInvalid('The link was used before. Ask for a new one.');
}
