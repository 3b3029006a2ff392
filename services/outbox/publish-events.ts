import type { Bus } from '#platform/bus/bus.ts';
import type { Carriage } from '#schemas/cloudevents.ts';
import { type CanonicalEvent, isObservation } from '#schemas/event.ts';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import { EventMessage } from './event-message.ts';

/**
 * Publishes events in their order: observations to the resolver, all others to every consumer.
 *
 * @param carriage why they are carried again, when they are
 * @returns once every message is confirmed
 * @throws what the bus throws; each of the messages may still have been carried
 */
export function publishEvents(
  bus: Bus,
  events: readonly CanonicalEvent[],
  carriage?: Carriage,
): Promise<unknown> {
  const toMessage = (event: CanonicalEvent) => new EventMessage(event, carriage);
  if (!events.some(isObserved)) return bus.publish(EVENTS_TOPIC, events.map(toMessage));
  const observed = events.filter(isObserved);
  const others = events.filter((event) => !isObserved(event));
  return Promise.all([
    bus.publish(OBSERVATIONS_TOPIC, observed.map(toMessage)),
    others.length === 0 ? undefined : bus.publish(EVENTS_TOPIC, others.map(toMessage)),
  ]);
}

function isObserved({ event_type }: CanonicalEvent): boolean {
  return isObservation(event_type);
}
