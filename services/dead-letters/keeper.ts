import type { Bus, BusMessage, Subscription } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { DEAD_LETTER_TOPIC } from '#schemas/topics.ts';
import { readMessage } from '../consumers/received.ts';
import { countFailure } from './count-failure.ts';
import { topicOf } from './dead-letter.ts';

export interface KeeperOptions {
  readonly bus: Bus;
  readonly database: Database;
  /** Whose the messages are that name no tenant. */
  readonly operatorTenantId: string;
  readonly onError: (message: string, error: unknown) => void;
}

/** Its subscription has the name of the topic: Terraform makes both. */
const SUBSCRIPTION = DEAD_LETTER_TOPIC;
const MOVED_BY_PUBSUB = 'MovedByPubSub';
/** Attributes of Pub/Sub's own dead-letter policy, and after them those of our drivers. */
const SOURCE = ['CloudPubSubDeadLetterSourceSubscription', 'dead_letter_source_subscription'];
const ATTEMPTS = ['CloudPubSubDeadLetterSourceDeliveryCount', 'dead_letter_attempts'];
const UNKNOWN_SOURCE = 'unknown';
/** As our drivers write it: name and code of an error. */
const REASON = /^[\w.-]{1,64}(?: [\w.-]{1,64})?$/;

/**
 * Keeps what the bus itself gave up, beside what consumers gave up: messages that a driver or Pub/Sub's
 * own policy moved to the dead-letter topic, because no process lived long enough to count, or because
 * the BigQuery subscription refused them.
 *
 * @returns the open subscription, for the caller to close
 */
export async function keepDeadLetters(options: KeeperOptions): Promise<Subscription> {
  const { bus } = options;
  await bus.createSubscription(DEAD_LETTER_TOPIC, SUBSCRIPTION);
  // No end of attempts: a letter that is not kept would be lost.
  return bus.subscribe(DEAD_LETTER_TOPIC, SUBSCRIPTION, ({ data, attributes, orderingKey }) =>
    keep({ data, attributes, orderingKey }, options),
  );
}

async function keep(
  message: BusMessage,
  { database, operatorTenantId, onError }: KeeperOptions,
): Promise<void> {
  const { attributes } = message;
  const received = readMessage(message);
  const { dead_letter_reason: reason = '' } = attributes;
  const source = firstOf(attributes, SOURCE) ?? UNKNOWN_SOURCE;
  const letter = await countFailure(database, {
    consumer: source,
    topic: topicOf(received.event),
    received,
    tenantId: operatorTenantId,
    // Not Pub/Sub's own text: what BigQuery refused is quoted in it. The message keeps it.
    reason: REASON.test(reason) ? reason : MOVED_BY_PUBSUB,
    giveUp: true,
    maxAttempts: 1,
    attempts: countOf(firstOf(attributes, ATTEMPTS)),
  });
  if (letter)
    onError(`Subscription ${source} gave up a message; it is a dead letter now.`, undefined);
}

function firstOf(
  attributes: Readonly<Record<string, string>>,
  names: readonly string[],
): string | undefined {
  return names.map((name) => attributes[name]).find((value) => value !== undefined);
}

function countOf(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 1;
}
