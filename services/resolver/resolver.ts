import type { ResolvedEvent } from '#adapters/kit/resolution.ts';
import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import { OBSERVATIONS_TOPIC, RESOLVER_SUBSCRIPTION } from '#schemas/topics.ts';
import type { ConnectionDirectory } from '../connections/directory.ts';
import { registerConsumer } from '../consumers/line.ts';
import { isForAnother } from '../consumers/received.ts';
import type { Outbox } from '../outbox/open-outbox.ts';
import { reportSeldom } from '../report-seldom.ts';
import { findEarlier, lockEntity, saveResolution } from './entity-states.ts';

export interface ResolverOptions {
  readonly bus: Bus;
  readonly database: Database;
  readonly directory: ConnectionDirectory;
  readonly outbox: () => Promise<Outbox>;
  readonly onError: (message: string, error: unknown) => void;
}

/**
 * The resolving stage: observations come in the order of their entity, each becomes the events it
 * means, and those are accepted as any others are. An observation is settled once its events are
 * durable. One that cannot be resolved is tried for as long as it takes, and holds up its own
 * entity alone: giving it up would lose a change, and the order of those behind it.
 *
 * @returns the open subscription, for the caller to close
 */
export async function startResolver(options: ResolverOptions): Promise<Subscription> {
  const { bus, database } = options;
  // First of all: what the outbox carries again when it is opened must find a subscription.
  await bus.createSubscription(OBSERVATIONS_TOPIC, RESOLVER_SUBSCRIPTION);
  await registerConsumer(database, { name: RESOLVER_SUBSCRIPTION, topic: OBSERVATIONS_TOPIC });
  const { accept, clock } = await options.outbox();
  const report = reportSeldom(options.onError);
  return bus.subscribe(OBSERVATIONS_TOPIC, RESOLVER_SUBSCRIPTION, async (delivery) => {
    if (isForAnother(delivery, RESOLVER_SUBSCRIPTION)) return;
    const observation = JSON.parse(delivery.data) as CanonicalEvent;
    try {
      const resolved = await resolve(observation, options);
      // Nothing waits between this and the start of the publish: see services/intake/receive.ts.
      const receivedAt = new Date(clock.nowMs()).toISOString();
      await accept(resolved.map((event) => toEvent(event, observation, receivedAt)));
    } catch (error) {
      const { event_id, connection_id } = observation;
      const what = `Observation ${event_id} of connection ${connection_id}`;
      report(`${what} could not be resolved; it is tried again, and its entity waits.`, error);
      throw error;
    }
  });
}

/**
 * Resolves an observation, once: the state it changes and what it was resolved to are one
 * transaction, and a repeated delivery gets the same events.
 */
async function resolve(
  observation: CanonicalEvent,
  { database, directory }: ResolverOptions,
): Promise<readonly ResolvedEvent[]> {
  const connection = await directory.find(observation.connection_id);
  const adapter = connection?.bound;
  if (!connection || !adapter?.resolve) {
    throw new Error(`Connection ${observation.connection_id} cannot resolve observations now.`);
  }
  const context = { connectedAtMs: Date.parse(connection.createdAt) };
  const { resolve: decide } = adapter;
  return database.transaction(async (tx) => {
    await lockEntity(tx, observation);
    const earlier = await findEarlier(tx, observation);
    if (earlier.events) return earlier.events;
    const resolution = decide(observation, earlier.known, context);
    await saveResolution(tx, observation, resolution);
    return resolution.events;
  });
}

function toEvent(
  { eventType, entityType, entityId, changedFields, extra }: ResolvedEvent,
  observation: CanonicalEvent,
  receivedAt: string,
): CanonicalEvent {
  const { event_id, tenant_id, connection_id, payload, metadata } = observation;
  return {
    ...observation,
    event_id: eventId(tenant_id, connection_id, `${event_id}|${eventType}|${entityId}`),
    event_type: eventType,
    entity_type: entityType,
    entity_id: entityId,
    received_at: receivedAt,
    payload: extra ? { ...payload, ...extra } : payload,
    metadata: {
      ...metadata,
      timestamp: receivedAt,
      observation_id: event_id,
      ...(changedFields && { changed_fields: [...changedFields] }),
    },
  };
}
