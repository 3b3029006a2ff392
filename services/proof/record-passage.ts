import { setTimeout as delay } from 'node:timers/promises';
import { redeliveryDelayMs } from '#platform/bus/backoff.ts';
import type { Bus, Delivery, Subscription, SubscriptionOptions } from '#platform/bus/bus.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { InvalidRow } from '#schemas/problems.ts';
import { PUBLISHED } from '#schemas/tables.ts';
import {
  EVENTS_TOPIC,
  OBSERVATIONS_PUBLISHED_SUBSCRIPTION,
  OBSERVATIONS_TOPIC,
  PUBLISHED_SUBSCRIPTION,
} from '#schemas/topics.ts';
import { reportSeldom } from '../report-seldom.ts';
import { PassageBatcher } from './passage-batch.ts';

export interface RecordPassageOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  /** Longest time a message waits for others to be recorded with it. Default 500 ms. */
  readonly maxWaitMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

/** The subscription of each topic that proves what the topic carried. */
const RECORDED: readonly (readonly [topic: string, subscription: string])[] = [
  [EVENTS_TOPIC, PUBLISHED_SUBSCRIPTION],
  [OBSERVATIONS_TOPIC, OBSERVATIONS_PUBLISHED_SUBSCRIPTION],
];

/**
 * A batch is tried again here for some 20 s before the bus has it back: it would bring a thousand messages
 * once more, and Pub/Sub with each of them all later ones of its key.
 */
const ATTEMPTS = 4;
const BACKOFF = { minMs: 1_000, maxMs: 30_000 };
const BATCH_ROWS = 1_000;
const BATCH_CHARS = 2 * 1024 * 1024;

const SUBSCRIPTION: SubscriptionOptions = {
  // One batch on its way and one gathering; the rest waits in the bus, where it takes no memory.
  maxInFlight: 2 * BATCH_ROWS,
  ordered: false,
  backoff: BACKOFF,
};

/**
 * Makes the subscriptions that hold what has to be recorded. Call it before anything is published: what
 * passes earlier has no proof, and is carried again.
 */
export async function prepareRecording(bus: Bus): Promise<void> {
  for (const [topic, subscription] of RECORDED) await bus.createSubscription(topic, subscription);
}

/**
 * Records what the topics carried in integration_events_published, where the bus does not do so by
 * itself, as Pub/Sub does with a BigQuery subscription: the same columns, the message unchanged, at
 * least once. A message is acknowledged when its row is durable; until then the bus keeps it.
 */
export async function recordPassage(options: RecordPassageOptions): Promise<Subscription> {
  const { bus, maxWaitMs = 500 } = options;
  const closing = new AbortController();
  const batcher = new PassageBatcher({
    append: appender(options, closing.signal),
    maxWaitMs,
    maxRows: BATCH_ROWS,
    maxChars: BATCH_CHARS,
  });
  await prepareRecording(bus);
  const open = await Promise.all(
    RECORDED.map(([topic, name]) =>
      bus.subscribe(
        topic,
        name,
        (delivery) => {
          const row = passageRow(name, delivery);
          return batcher.add(row, delivery.data.length);
        },
        SUBSCRIPTION,
      ),
    ),
  );
  return {
    close: async () => {
      closing.abort();
      batcher.hurry();
      await Promise.all(open.map((subscription) => subscription.close()));
    },
  };
}

/**
 * The row a BigQuery subscription with write_metadata and no schema would write. The event's id stands
 * first among the attributes: there it can be read without parsing them, ten million at a time.
 */
export function passageRow(subscription: string, delivery: Delivery): Row {
  const { event_id, ...others } = delivery.attributes;
  return {
    subscription_name: subscription,
    message_id: delivery.messageId,
    publish_time: new Date(delivery.publishedAtMs).toISOString(),
    data: delivery.data,
    attributes: JSON.stringify({ ...(event_id !== undefined && { event_id }), ...others }),
  };
}

function appender({ warehouse, onError }: RecordPassageOptions, closing: AbortSignal) {
  const report = reportSeldom(onError);
  const append = async (rows: readonly Row[]): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await warehouse.append(PUBLISHED.name, rows);
      } catch (error) {
        if (error instanceof InvalidRow) return appendSingly(rows, error);
        report('What the bus carried could not be recorded; the bus keeps it meanwhile.', error);
        if (attempt === ATTEMPTS || closing.aborted) throw error;
        const waitMs = redeliveryDelayMs(attempt, BACKOFF);
        await delay(waitMs, undefined, { signal: closing }).catch(() => undefined);
      }
    }
  };
  /** One message that fits no row must not keep its neighbours from being recorded, or come for ever. */
  const appendSingly = async (rows: readonly Row[], error: InvalidRow): Promise<void> => {
    if (rows.length > 1) {
      for (const row of rows) await append([row]);
      return;
    }
    const id = rows[0]?.message_id;
    onError(`Message ${id} fits no row of ${PUBLISHED.name}: it has no proof of passage.`, error);
  };
  return append;
}
