import type { KnownEntity, Resolution, ResolvedEvent } from '#adapters/kit/resolution.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** The entity of an observation, and the observation itself. */
export type Subject = Pick<
  CanonicalEvent,
  'tenant_id' | 'connection_id' | 'entity_type' | 'entity_id' | 'event_id' | 'received_at'
>;

/** What stands in the database before an observation is resolved. */
export interface Earlier {
  /** What is known of the entity. */
  readonly known: KnownEntity | undefined;
  /** What an earlier delivery of this very observation was resolved to. */
  readonly events: readonly ResolvedEvent[] | undefined;
}

/** Keeps every other observation of the entity waiting until the transaction ends. */
export async function lockEntity(tx: Queryable, subject: Subject): Promise<void> {
  // There may be no row yet that could be locked.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    JSON.stringify(keyOf(subject)),
  ]);
}

export async function findEarlier(tx: Queryable, subject: Subject): Promise<Earlier> {
  const [row] = await tx.query<{ state: string | null; events: string | null }>(
    `SELECT
       (SELECT state FROM entity_states
        WHERE tenant_id = $1 AND connection_id = $2 AND entity_type = $3 AND entity_id = $4
       ) AS state,
       (SELECT events FROM resolved_observations WHERE observation_id = $5) AS events`,
    [...keyOf(subject), subject.event_id],
  );
  return {
    known: row?.state ? (JSON.parse(row.state) as KnownEntity) : undefined,
    events: row?.events ? (JSON.parse(row.events) as ResolvedEvent[]) : undefined,
  };
}

/** Keeps what an observation was resolved to, and what is known from now on. */
export async function saveResolution(
  tx: Queryable,
  subject: Subject,
  { events, known, note }: Resolution,
): Promise<void> {
  await tx.query(
    `WITH resolved AS (
       INSERT INTO resolved_observations
         (observation_id, tenant_id, connection_id, events, note, received_at)
       VALUES ($5, $1, $2, $6, $7, $9)
     )
     INSERT INTO entity_states (tenant_id, connection_id, entity_type, entity_id, state)
     SELECT $1, $2, $3, $4, $8::text WHERE $8::text IS NOT NULL
     ON CONFLICT (tenant_id, connection_id, entity_type, entity_id)
     DO UPDATE SET state = EXCLUDED.state, updated_at = now()`,
    [
      ...keyOf(subject),
      subject.event_id,
      JSON.stringify(events),
      note ?? null,
      known ? JSON.stringify(known) : null,
      subject.received_at,
    ],
  );
}

function keyOf({ tenant_id, connection_id, entity_type, entity_id }: Subject): string[] {
  return [tenant_id, connection_id, entity_type, entity_id];
}
