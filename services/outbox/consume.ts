import type { Bus, Subscription, SubscriptionOptions } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';

/** A part of the product that acts on events. */
export interface Consumer {
  /** Name of its subscription and in the ledger; never changed, or every event acts once more. */
  readonly name: string;
  /** Acts on one event. Effects made through `tx` happen exactly when the ledger entry does. */
  handle(event: CanonicalEvent, tx: Queryable): Promise<void>;
  readonly options?: SubscriptionOptions;
}

/**
 * Runs a consumer: each delivery's ledger entry and effects are one transaction, so however often
 * an event is delivered it has one effect.
 */
export async function consume(
  bus: Bus,
  database: Database,
  consumer: Consumer,
): Promise<Subscription> {
  await bus.createSubscription(EVENTS_TOPIC, consumer.name);
  return bus.subscribe(
    EVENTS_TOPIC,
    consumer.name,
    async (delivery) => {
      const event = JSON.parse(delivery.data) as CanonicalEvent;
      await database.transaction(async (tx) => {
        const entered = await tx.query(
          `INSERT INTO processed_events (consumer, event_id, tenant_id) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING event_id`,
          [consumer.name, event.event_id, event.tenant_id],
        );
        if (entered.length > 0) await consumer.handle(event, tx);
      });
    },
    consumer.options,
  );
}
