import { setTimeout as delay } from 'node:timers/promises';
import { redeliveryDelayMs } from '#platform/bus/backoff.ts';
import type { Delivery } from '#platform/bus/bus.ts';
import { failureReason } from '#platform/bus/dead-letter.ts';
import type { Database } from '#platform/database/database.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { countFailure } from '../dead-letters/count-failure.ts';
import { type Report, reportSeldom } from '../report-seldom.ts';
import { act } from './act.ts';
import type { Consumer } from './consumer.ts';
import type { ConsumerMetrics, DeliveryOutcome } from './consumer-metrics.ts';
import { GiveUp, kindOf, withoutText } from './failures.ts';
import { stopConsumer } from './line.ts';
import { isForAnother, type Received, type ReceivedEvent, readMessage } from './received.ts';

export interface DeliveriesOptions {
  readonly consumer: Consumer;
  readonly database: Database;
  readonly metrics: ConsumerMetrics;
  /** Of messages that name no tenant. */
  readonly operatorTenantId: string;
  /** Told what an operator should know; errors are without their text. */
  readonly onError: (message: string, error: unknown) => void;
  /** Called when the consumer is to take no more messages. */
  readonly onStop: () => void;
}

/** What ended a delivery without settling it: the bus brings it again. */
export class Unsettled extends Error {
  override readonly name = 'Unsettled';
}

/** Attempts that count, unless the consumer says another number. */
export const DEFAULT_MAX_ATTEMPTS = 10;
/** How long a message waits for infrastructure between two tries. */
const WAIT = { minMs: 100, maxMs: 30_000 };

/** Takes the deliveries of one consumer, and decides how each goes on. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** One line of a kind at a time, however many messages it is true of. */
  readonly #reports: Readonly<Record<'waits' | 'failed' | 'given_up', Report>>;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    const seldom = () =>
      reportSeldom((message, error) => options.onError(message, withoutText(error)));
    this.#reports = { waits: seldom(), failed: seldom(), given_up: seldom() };
  }

  /**
   * Resolves when the message is settled: it acted, had acted before, or is kept as a dead letter.
   *
   * @param signal aborts when the message is to be handed back
   * @throws when the bus is to bring it again
   */
  async take(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { consumer, metrics } = this.#options;
    if (isForAnother(delivery, consumer.name)) return this.#count('passed_over');
    const end = metrics.begin(consumer.name, delivery.publishedAtMs);
    try {
      const { data, attributes, orderingKey } = delivery;
      const outcome = await this.#untilKnown(
        readMessage({ data, attributes, orderingKey }),
        signal,
      );
      this.#count(outcome);
      if (outcome === 'failed' || outcome === 'stopped') throw new Unsettled(outcome);
    } finally {
      end();
    }
  }

  /** Waits here while infrastructure is away: handing the message back would count as an attempt on Pub/Sub. */
  async #untilKnown(received: Received, signal: AbortSignal): Promise<DeliveryOutcome> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(received);
      } catch (error) {
        this.#count('not_now');
        const { name } = this.#options.consumer;
        this.#reports.waits(`Consumer ${name} cannot go on now and tries again.`, error);
        await delay(redeliveryDelayMs(tries, WAIT), undefined, { signal });
      }
    }
  }

  /** @throws what means "not now" */
  async #once(received: Received): Promise<DeliveryOutcome> {
    if (received.event === undefined) return this.#fail(received, new GiveUp(received.fault));
    try {
      return await this.#act(received);
    } catch (error) {
      const kind = kindOf(error);
      if (kind === 'not_now') throw error;
      return kind === 'stop_the_line' ? this.#stop(received, error) : this.#fail(received, error);
    }
  }

  async #act(received: ReceivedEvent): Promise<DeliveryOutcome> {
    const { consumer, database, metrics, onStop } = this.#options;
    const startedAtMs = performance.now();
    try {
      const acted = await act(database, consumer, received);
      if (acted === 'stopped') onStop();
      if (acted === 'processed') this.#observeDelay(received);
      return acted;
    } finally {
      const seconds = (performance.now() - startedAtMs) / 1_000;
      metrics.handlingSeconds.observe({ consumer: consumer.name }, seconds);
    }
  }

  async #fail(received: Received, error: unknown): Promise<DeliveryOutcome> {
    const { consumer, database, operatorTenantId } = this.#options;
    const askedAgain = received.event !== undefined && received.askedFor === 'retry';
    const letter = await countFailure(database, {
      consumer: consumer.name,
      topic: EVENTS_TOPIC,
      received,
      tenantId: operatorTenantId,
      reason: failureReason(error),
      giveUp: askedAgain || kindOf(error) === 'give_up',
      maxAttempts: consumer.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    });
    if (!letter) return 'repeated';
    const outcome = letter.state === 'open' ? 'given_up' : 'failed';
    const what = `Consumer ${consumer.name} could not handle event ${received.event?.event_id ?? '(none)'}`;
    const then = outcome === 'given_up' ? 'it is a dead letter now' : 'it is tried again';
    this.#reports[outcome](`${what}, attempt ${letter.attempts}; ${then}.`, error);
    return outcome;
  }

  async #stop({ event }: ReceivedEvent, error: unknown): Promise<DeliveryOutcome> {
    const { consumer, database, onError, onStop } = this.#options;
    // First of all: what is stored only later must not let another message pass.
    onStop();
    await stopConsumer(database, consumer.name, {
      reason: failureReason(error),
      eventId: event.event_id,
      tenantId: event.tenant_id,
      receivedAt: event.received_at,
    });
    onError(
      `Consumer ${consumer.name} has stopped at event ${event.event_id} and takes no more messages. Resume it with: npx tributary consumers resume ${consumer.name}`,
      withoutText(error),
    );
    return 'stopped';
  }

  #observeDelay({ event }: ReceivedEvent): void {
    const { consumer, metrics } = this.#options;
    const seconds = (Date.now() - Date.parse(event.received_at)) / 1_000;
    metrics.delaySeconds.observe({ consumer: consumer.name }, Math.max(0, seconds));
  }

  #count(outcome: DeliveryOutcome): void {
    const { consumer, metrics } = this.#options;
    metrics.deliveries.add({ consumer: consumer.name, outcome });
  }
}
