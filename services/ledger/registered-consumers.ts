import type { Queryable } from '#platform/database/database.ts';
import { OBSERVATIONS_TOPIC, RESOLVER_SUBSCRIPTION } from '#schemas/topics.ts';

/** Who is to consume what the topic carries of events received from then on. */
export interface RegisteredConsumer {
  readonly name: string;
  readonly topic: string;
  readonly since: Date;
}

/**
 * All consumers there are; the resolver is always one. None is asked for events that were received
 * before the ledger began.
 */
export function registeredConsumers(database: Queryable): Promise<RegisteredConsumer[]> {
  return database.query<RegisteredConsumer>(
    `SELECT name, topic, GREATEST(subscribed_at, began_at) AS since
     FROM consumers CROSS JOIN ledger_progress
     WHERE name <> $1
     UNION ALL
     SELECT $1, $2, began_at FROM ledger_progress
     ORDER BY name`,
    [RESOLVER_SUBSCRIPTION, OBSERVATIONS_TOPIC],
  );
}
