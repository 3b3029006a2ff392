import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BusMessage } from '#platform/bus/bus.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { uuidV5 } from '#schemas/event-id.ts';
import { isStorableText } from '../connections/storable.ts';

/** A message as a consumer takes it. */
export type Received = ReceivedEvent | Unreadable;

export interface ReceivedEvent {
  readonly event: CanonicalEvent;
  readonly message: BusMessage;
  /** The replay in which the event acts once more, if it does. */
  readonly replayId: string | undefined;
  /** Somebody asked for it: it is tried although it was dropped, and one failure is enough. */
  readonly askedFor: 'retry' | 'replay' | undefined;
}

/** A message that holds no event. */
export interface Unreadable {
  readonly event: undefined;
  readonly message: BusMessage;
  /** Why, as a word. */
  readonly fault: 'not_json' | 'not_an_event' | 'invalid_replay_id';
}

const MAX_REPLAY_ID_LENGTH = 256;

/** What the ledger and the dead letters need of an event; its payload is the handler's to judge. */
const envelopeSchema = z.looseObject({
  event_id: z.uuid(),
  event_type: z.string().min(1),
  entity_type: z.string(),
  entity_id: z.string(),
  tenant_id: z.string().min(1).max(256).refine(isStorableText),
  connection_id: z.string(),
  received_at: z.iso.datetime({ offset: true }),
  payload: z.record(z.string(), z.unknown()),
  metadata: z.looseObject({ source: z.string() }),
});

/** Reads the event of a message, and how it is to be taken. */
export function readMessage(message: BusMessage): Received {
  const unreadable = (fault: Unreadable['fault']) => ({ event: undefined, message, fault });
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    return unreadable('not_json');
  }
  if (!envelopeSchema.safeParse(data).success) return unreadable('not_an_event');
  const { carried_again, replay_id, replay_mode } = message.attributes;
  const replayId = replay_mode === 'again' ? replay_id : undefined;
  if (replayId !== undefined && !isReplayId(replayId)) return unreadable('invalid_replay_id');
  const askedFor =
    carried_again === 'retry' || carried_again === 'replay' ? carried_again : undefined;
  return { event: data as CanonicalEvent, message, replayId, askedFor };
}

/** True for a message that names a consumer, and not this one. */
export function isForAnother({ attributes }: BusMessage, consumer: string): boolean {
  const { only_consumer } = attributes;
  return only_consumer !== undefined && only_consumer !== consumer;
}

/** Id of the dead letter of a message for a consumer: the same for every delivery. */
export function deadLetterId(consumer: string, received: Received): string {
  const what =
    received.event === undefined
      ? ['message', createHash('sha256').update(received.message.data).digest('hex')]
      : ['event', received.event.event_id, received.replayId ?? null];
  return uuidV5(JSON.stringify(['dead-letter', consumer, ...what]));
}

function isReplayId(text: string): boolean {
  return text.length > 0 && text.length <= MAX_REPLAY_ID_LENGTH && isStorableText(text);
}
