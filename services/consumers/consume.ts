import { setTimeout as delay } from 'node:timers/promises';
import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Consumer } from './consumer.ts';
import { ConsumerMetrics } from './consumer-metrics.ts';
import { Deliveries, Unsettled } from './deliveries.ts';
import { isStopped, registerConsumer } from './line.ts';

export interface ConsumeOptions {
  readonly metrics?: ConsumerMetrics;
  /** Whose the messages are that name no tenant. Default `default`, as of the configuration. */
  readonly operatorTenantId?: string;
  readonly onError?: (message: string, error: unknown) => void;
}

/** Long enough that waiting for infrastructure costs few deliveries; a process that ends loses its lease sooner. */
const LEASE_MS = 600_000;
/** How soon a consumer that was resumed goes on. */
const WATCH_MS = 1_000;

/**
 * Runs a consumer: each delivery's ledger entry and effects are one transaction, so however often an
 * event is delivered it has one effect. What cannot be handled is counted, given up, waited for or stops
 * the consumer, by the error that it throws: see failures.ts.
 *
 * @returns the running consumer, for the caller to close
 */
export async function consume(
  bus: Bus,
  database: Database,
  consumer: Consumer,
  options: ConsumeOptions = {},
): Promise<Subscription> {
  await bus.createSubscription(EVENTS_TOPIC, consumer.name);
  await registerConsumer(database, { name: consumer.name, topic: EVENTS_TOPIC });
  const running = new RunningConsumer(bus, database, consumer, options);
  await running.start();
  return running;
}

/** An open subscription and what it is closed by; both are made anew when a stopped consumer goes on. */
interface Line {
  readonly subscription: Subscription;
  /** Hands back what waits for infrastructure. */
  readonly handBack: AbortController;
}

class RunningConsumer implements Subscription {
  readonly #bus: Bus;
  readonly #database: Database;
  readonly #consumer: Consumer;
  readonly #options: ConsumeOptions;
  readonly #closing = new AbortController();
  /** Undefined while the consumer is stopped. */
  #line: Line | undefined;
  /** Subscriptions that are being closed. */
  #ending: Promise<void> = Promise.resolve();
  #watching: Promise<void> | undefined;

  constructor(bus: Bus, database: Database, consumer: Consumer, options: ConsumeOptions) {
    this.#bus = bus;
    this.#database = database;
    this.#consumer = consumer;
    this.#options = options;
  }

  async start(): Promise<void> {
    if (await isStopped(this.#database, this.#consumer.name)) this.#watch();
    else await this.#open();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stop();
    await Promise.all([this.#ending, this.#watching]);
  }

  async #open(): Promise<void> {
    const handBack = new AbortController();
    let isStopped = false;
    const { metrics, operatorTenantId, onError } = this.#options;
    const deliveries = new Deliveries({
      consumer: this.#consumer,
      database: this.#database,
      metrics: metrics ?? new ConsumerMetrics(new Metrics()),
      operatorTenantId: operatorTenantId ?? 'default',
      onError: onError ?? ((message) => process.emitWarning(message)),
      onStop: () => {
        isStopped = true;
        this.#stop();
        this.#watch();
      },
    });
    const subscription = await this.#bus.subscribe(
      EVENTS_TOPIC,
      this.#consumer.name,
      (delivery, signal) => {
        // A bus that closes goes on with what it has for a while; a line that is stopped does not.
        if (isStopped) throw new Unsettled('stopped');
        return deliveries.take(delivery, AbortSignal.any([signal, handBack.signal]));
      },
      { leaseMs: LEASE_MS, ...this.#consumer.options },
    );
    this.#line = { subscription, handBack };
    // Stopped, or closed, while it was being opened.
    if (isStopped || this.#closing.signal.aborted) this.#stop();
  }

  /** Takes no more messages. Not awaited where it is called: the delivery that stops the line is one it waits for. */
  #stop(): void {
    const line = this.#line;
    if (!line) return;
    this.#line = undefined;
    line.handBack.abort();
    this.#ending = Promise.all([this.#ending, line.subscription.close()]).then(() => undefined);
  }

  /** Waits until the consumer is resumed, whoever resumes it. */
  #watch(): void {
    this.#watching ??= this.#untilResumed()
      // Ends early only because the consumer is closed.
      .catch(() => undefined)
      .finally(() => {
        this.#watching = undefined;
      });
  }

  async #untilResumed(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await delay(WATCH_MS, undefined, { signal, ref: false });
      try {
        if (await isStopped(this.#database, this.#consumer.name)) continue;
        await this.#ending;
        await this.#open();
        return;
      } catch {
        // Database or bus is away: asked again.
        signal.throwIfAborted();
      }
    }
  }
}
