import type { Database } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** An event as it waits in the spool. */
export interface SpooledEvent {
  readonly seq: string;
  readonly event: CanonicalEvent;
  /** Earlier events of its process wait in the outbox alone. */
  readonly afterOutbox: boolean;
}

/** What enters together. */
export interface SpoolEntry {
  readonly events: readonly CanonicalEvent[];
  /** The same as JSON text. */
  readonly texts: readonly string[];
  readonly afterOutbox: boolean;
}

/** What the spool holds. */
export interface SpoolUsage {
  readonly events: number;
  readonly bytes: number;
  /** RFC 3339; undefined when it is empty. */
  readonly oldestReceivedAt: string | undefined;
}

const ENTER = `
  WITH room AS (
    UPDATE spool_usage SET events = events + $7, bytes = bytes + $8
    WHERE bytes + $8 <= $9
    RETURNING only_row
  ),
  entered AS (
    INSERT INTO spooled_events (event_id, tenant_id, received_at, bytes, after_outbox, event)
    SELECT one.event_id, one.tenant_id, one.received_at, one.bytes, one.after_outbox, one.event
    FROM room,
      unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::boolean[], $6::text[])
      WITH ORDINALITY
      AS one (event_id, tenant_id, received_at, bytes, after_outbox, event, position)
    ORDER BY one.position
    RETURNING tenant_id, received_at
  ),
  counted AS (
    INSERT INTO spool_ledger AS ledger (tenant_id, minute, events)
    SELECT tenant_id, date_trunc('minute', received_at, 'UTC'), count(*) FROM entered GROUP BY 1, 2
    ON CONFLICT (tenant_id, minute)
    DO UPDATE SET events = ledger.events + EXCLUDED.events, updated_at = now()
  )
  SELECT only_row FROM room`;

const LEAVE = `
  WITH gone AS (DELETE FROM spooled_events WHERE seq = ANY($1::bigint[]) RETURNING bytes)
  UPDATE spool_usage
  SET events = events - (SELECT count(*) FROM gone),
      bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM gone)`;

/** The spool's statements. */
export class SpoolStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Enters events, all or none, in one statement.
   *
   * @returns false when there is no room for them below `maxBytes`
   */
  async enter(entries: readonly SpoolEntry[], maxBytes: number): Promise<boolean> {
    const events = entries.flatMap((entry) => entry.events);
    const texts = entries.flatMap((entry) => entry.texts);
    const sizes = texts.map((text) => Buffer.byteLength(text));
    const rows = await this.#database.query(ENTER, [
      events.map((event) => event.event_id),
      events.map((event) => event.tenant_id),
      events.map((event) => event.received_at),
      sizes,
      entries.flatMap((entry) => entry.events.map(() => entry.afterOutbox)),
      texts,
      events.length,
      sizes.reduce((sum, bytes) => sum + bytes, 0),
      maxBytes,
    ]);
    return rows.length > 0;
  }

  /** The events that have waited longest, in order. */
  async first(limit: number): Promise<SpooledEvent[]> {
    const rows = await this.#database.query<{
      seq: string;
      event: string;
      after_outbox: boolean;
    }>('SELECT seq, event, after_outbox FROM spooled_events ORDER BY seq LIMIT $1', [limit]);
    return rows.map(({ seq, event, after_outbox }) => ({
      seq,
      event: JSON.parse(event) as CanonicalEvent,
      afterOutbox: after_outbox,
    }));
  }

  async leave(spooled: readonly SpooledEvent[]): Promise<void> {
    await this.#database.query(LEAVE, [spooled.map(({ seq }) => seq)]);
  }

  async usage(): Promise<SpoolUsage> {
    const [row] = await this.#database.query<{
      events: string;
      bytes: string;
      oldest: Date | null;
    }>('SELECT *, (SELECT min(received_at) FROM spooled_events) AS oldest FROM spool_usage');
    return {
      events: Number(row?.events ?? 0),
      bytes: Number(row?.bytes ?? 0),
      oldestReceivedAt: row?.oldest?.toISOString(),
    };
  }
}
