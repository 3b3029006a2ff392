import { z } from 'zod';
import { DEAD_LETTER_STATES, messageOf } from './dead-letter.ts';
import type { DeadLetterRow, WholeDeadLetter } from './store.ts';

export const deadLetterSchema = z
  .object({
    id: z.string(),
    consumer: z.string().describe('The consumer, or the subscription that gave up by itself.'),
    state: z.enum(DEAD_LETTER_STATES),
    reason: z.string().describe('Name and code of the last failure.'),
    attempts: z.int(),
    event_id: z.string().nullable().describe('Null where the message holds no event.'),
    event_type: z.string().nullable(),
    connection_id: z.string().nullable(),
    entity_type: z.string().nullable(),
    entity_id: z.string().nullable(),
    received_at: z.string().nullable(),
    replay_id: z
      .string()
      .nullable()
      .describe('The replay in which the event was to act once more.'),
    message_bytes: z.int(),
    first_failed_at: z.string(),
    last_failed_at: z.string(),
    retried_at: z.string().nullable(),
    retried_by: z.string().nullable(),
    dropped_at: z.string().nullable(),
    dropped_by: z.string().nullable(),
    dropped_reason: z.string().nullable(),
  })
  .meta({ id: 'DeadLetter' });

export const wholeDeadLetterSchema = deadLetterSchema
  .extend({
    history: z
      .array(z.object({ at: z.string(), reason: z.string() }))
      .describe('The latest 50 attempts, oldest first.'),
    event: z.unknown().describe('The event as JSON; null where the message holds none.'),
    message: z
      .object({
        data: z.string(),
        attributes: z.record(z.string(), z.string()),
        ordering_key: z.string(),
        topic: z.string(),
      })
      .describe('The whole message as it came.'),
  })
  .meta({ id: 'WholeDeadLetter' });

/** A dead letter as the API shows it. */
export function shownLetter(row: DeadLetterRow): z.infer<typeof deadLetterSchema> {
  const { topic: _topic, sequence: _sequence, version: _version, ...shown } = row;
  return {
    ...shown,
    received_at: text(row.received_at),
    first_failed_at: row.first_failed_at.toISOString(),
    last_failed_at: row.last_failed_at.toISOString(),
    retried_at: text(row.retried_at),
    dropped_at: text(row.dropped_at),
  };
}

/** A dead letter with its attempts and its message. */
export function shownWhole(letter: WholeDeadLetter): z.infer<typeof wholeDeadLetterSchema> {
  const { message, history, ...row } = letter;
  const { data, attributes, orderingKey } = messageOf(message);
  return {
    ...shownLetter(row),
    history: history.map(({ at, reason }) => ({ at: new Date(at).toISOString(), reason })),
    event: row.event_id === null ? null : JSON.parse(data),
    message: { data, attributes, ordering_key: orderingKey, topic: row.topic },
  };
}

function text(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
