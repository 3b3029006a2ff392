import type { BusMessage } from '#platform/bus/bus.ts';
import type { Carriage } from '#schemas/cloudevents.ts';
import { type CanonicalEvent, isObservation } from '#schemas/event.ts';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';

/**
 * `retrying`: attempts failed, the bus brings it again. `open`: given up, waits for an operator.
 * `retried`: published again for its consumer. `dropped`: an operator wants no more of it.
 * `resolved`: it has acted after all.
 */
export const DEAD_LETTER_STATES = ['retrying', 'open', 'retried', 'dropped', 'resolved'] as const;

export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** One failed attempt. */
export interface Attempt {
  readonly at: string;
  readonly reason: string;
}

/** What the bus or the driver added when it gave a message up, and what carried it before. */
const ADDED = /^(?:dead_letter_|CloudPubSubDeadLetterSource|googclient_)/;
const CARRIAGE: ReadonlySet<string> = new Set<keyof Carriage>([
  'carried_again',
  'replay_id',
  'only_consumer',
  'replay_mode',
]);

/** The text that keeps a message whole. */
export function messageText({ data, attributes, orderingKey }: BusMessage): string {
  return JSON.stringify({ data, attributes, orderingKey });
}

/** The message that `messageText` made the text of. */
export function messageOf(text: string): BusMessage {
  return JSON.parse(text) as BusMessage;
}

/** The message to publish for another try: as it was, and for its consumer alone. */
export function retryMessage(
  text: string,
  { consumer, replayId }: { readonly consumer: string; readonly replayId: string | null },
): BusMessage {
  const message = messageOf(text);
  const kept = Object.entries(message.attributes).filter(
    ([name]) => !ADDED.test(name) && !CARRIAGE.has(name),
  );
  const carriage: Carriage = {
    carried_again: 'retry',
    only_consumer: consumer,
    ...(replayId !== null && { replay_id: replayId, replay_mode: 'again' }),
  };
  return { ...message, attributes: { ...Object.fromEntries(kept), ...carriage } };
}

/** The topic a message came by. */
export function topicOf(event: CanonicalEvent | undefined): string {
  return event && isObservation(event.event_type) ? OBSERVATIONS_TOPIC : EVENTS_TOPIC;
}
