import type { Database, Queryable } from '#platform/database/database.ts';
import { NotFound } from '#schemas/problems.ts';

/** A consumer as the database knows it. */
export interface ConsumerRow {
  readonly name: string;
  readonly topic: string;
  readonly subscribed_at: Date;
  readonly state: 'running' | 'stopped';
  readonly stopped_reason: string | null;
  readonly stopped_at: Date | null;
  readonly stopped_event_id: string | null;
  readonly stopped_tenant_id: string | null;
  readonly stopped_received_at: Date | null;
}

/** Why a consumer stops, and at which event. */
export interface Stop {
  /** Name and code of the error. */
  readonly reason: string;
  readonly eventId: string;
  readonly tenantId: string;
  readonly receivedAt: string;
}

/** Notes that there is such a consumer; from its first time on it should consume what is published. */
export async function registerConsumer(
  database: Queryable,
  { name, topic }: { readonly name: string; readonly topic: string },
): Promise<void> {
  await database.query(
    `INSERT INTO consumers (name, topic) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET topic = EXCLUDED.topic
     WHERE consumers.topic <> EXCLUDED.topic`,
    [name, topic],
  );
}

/** True until an operator resumes a consumer that stopped. */
export async function isStopped(database: Queryable, name: string): Promise<boolean> {
  const rows = await database.query(
    `SELECT 1 FROM consumers WHERE name = $1 AND state = 'stopped'`,
    [name],
  );
  return rows.length > 0;
}

/** Stops a consumer, in every process; the first reason stays. */
export async function stopConsumer(
  database: Queryable,
  name: string,
  { reason, eventId, tenantId, receivedAt }: Stop,
): Promise<void> {
  await database.query(
    `UPDATE consumers SET state = 'stopped', stopped_at = now(), stopped_reason = $2,
       stopped_event_id = $3, stopped_tenant_id = $4, stopped_received_at = $5
     WHERE name = $1 AND state = 'running'`,
    [name, reason, eventId, tenantId, receivedAt],
  );
}

/**
 * Lets a consumer go on; its processes notice within a second. One that runs stays as it is.
 *
 * @throws NotFound when there is no such consumer
 */
export async function resumeConsumer(database: Database, name: string): Promise<ConsumerRow> {
  const [row] = await database.query<ConsumerRow>(
    `UPDATE consumers SET state = 'running', stopped_at = NULL, stopped_reason = NULL,
       stopped_event_id = NULL, stopped_tenant_id = NULL, stopped_received_at = NULL
     WHERE name = $1 RETURNING *`,
    [name],
  );
  if (!row) {
    throw new NotFound(
      `There is no consumer ${name}. See which there are: npx tributary consumers list`,
    );
  }
  return row;
}

/** Every consumer that was ever registered, by name. */
export function listConsumers(database: Queryable): Promise<ConsumerRow[]> {
  return database.query<ConsumerRow>('SELECT * FROM consumers ORDER BY name');
}
