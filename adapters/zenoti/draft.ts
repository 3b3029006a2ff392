import type { EventDraft } from '#adapters/kit/adapter.ts';
import { type Fields, objectAt } from './fields.ts';
import type { Message } from './message.ts';
import { statedMs } from './times.ts';

const MAX_ACTOR_LENGTH = 256;

/** One draft of a message. Event types and ids hold no bar, and free text comes last in the key. */
export function draft(
  message: Message,
  eventType: string,
  entityType: string,
  entityId: string,
  payload: Fields = message.payload,
): EventDraft {
  const { event, data } = message;
  const created =
    'change' in event ? event.change === 'created' : event.eventType.endsWith('.created');
  return {
    eventType,
    entityType,
    entityId,
    occurredAtMs: message.eventMs ?? statedMs(data, created) ?? message.receivedAtMs,
    actor: actorOf(data),
    payload,
    dedupeKey: `${event.name}|${entityId}|${message.identity}`,
  };
}

/** Who froze or cancelled a membership, by name. Other events say no more than who made a record. */
function actorOf(data: Fields): string | null {
  const name = objectAt(data, 'freeze').froze_by ?? objectAt(data, 'cancel').cancelled_by;
  if (typeof name !== 'string' || name === '' || name.length > MAX_ACTOR_LENGTH) return null;
  return name;
}
