import type { Queryable } from '#platform/database/database.ts';
import type { Connection } from '../connections/connection.ts';
import { canaryId } from './canary-event.ts';

/** The latest canary of a connection, and the latest that came all the way. */
export interface CanaryRow {
  readonly connection_id: string;
  readonly sent_at: Date;
  readonly outboxed: boolean;
  readonly published: boolean;
  readonly consumed_at: Date | null;
  readonly arrived_sent_at: Date | null;
}

/** What became of canaries, in Postgres. */
export class CanaryStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /**
   * Notes canaries before they are sent: one that is lost must be missed.
   *
   * @returns the connections that had none in this interval
   */
  async note(
    connections: readonly Connection[],
    slotMs: number,
    sentAtMs: number,
  ): Promise<readonly Connection[]> {
    const ids = connections.map((connection) => canaryId(connection, slotMs));
    const rows = await this.#database.query<{ event_id: string }>(
      `INSERT INTO canaries (event_id, tenant_id, connection_id, sent_at)
       SELECT *, $4::timestamptz FROM unnest($1::uuid[], $2::text[], $3::text[])
       ON CONFLICT DO NOTHING RETURNING event_id`,
      [
        ids,
        connections.map(({ tenantId }) => tenantId),
        connections.map(({ id }) => id),
        new Date(sentAtMs).toISOString(),
      ],
    );
    const noted = new Set(rows.map((row) => row.event_id));
    return connections.filter((_, index) => noted.has(ids[index] ?? ''));
  }

  async consumed(eventId: string): Promise<void> {
    await this.#database.query(
      'UPDATE canaries SET consumed_at = now() WHERE event_id = $1 AND consumed_at IS NULL',
      [eventId],
    );
  }

  /** When the oldest was sent of those of the last day that are not known to be stored and proven. */
  async oldestUnproven(): Promise<Date | undefined> {
    const [row] = await this.#database.query<{ oldest: Date | null }>(
      `SELECT min(sent_at) AS oldest FROM canaries
       WHERE sent_at > now() - interval '1 day' AND NOT (outboxed AND published)`,
    );
    return row?.oldest ?? undefined;
  }

  /** @param outboxed ids that the outbox has @param published ids that have a proof of passage */
  async found(outboxed: readonly string[], published: readonly string[]): Promise<void> {
    await this.#database.query(
      `UPDATE canaries
       SET outboxed = outboxed OR event_id = ANY($1::uuid[]),
           published = published OR event_id = ANY($2::uuid[])
       WHERE event_id = ANY($1::uuid[]) OR event_id = ANY($2::uuid[])`,
      [outboxed, published],
    );
  }

  /**
   * Of each connection that had one in the last week, by connection.
   *
   * @param tenantId undefined for all tenants
   * @param page the connection that the page before ended with, and how many at most. Default all.
   */
  latest(
    tenantId: string | undefined,
    page: { readonly after?: string | undefined; readonly limit?: number } = {},
  ): Promise<CanaryRow[]> {
    return this.#database.query<CanaryRow>(
      `SELECT DISTINCT ON (connection_id)
         connection_id, sent_at, outboxed, published, consumed_at,
         (SELECT max(sent_at) FROM canaries AS arrived
          WHERE arrived.connection_id = latest.connection_id
            AND arrived.tenant_id = latest.tenant_id
            AND outboxed AND published AND consumed_at IS NOT NULL
         ) AS arrived_sent_at
       FROM canaries AS latest
       WHERE sent_at > now() - interval '7 days' AND ($1::text IS NULL OR tenant_id = $1)
         AND ($2::text IS NULL OR connection_id > $2)
       ORDER BY connection_id, sent_at DESC LIMIT $3`,
      [tenantId ?? null, page.after ?? null, page.limit ?? null],
    );
  }
}
