import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from '../metrics/metrics.ts';

/**
 * What became of a delivery. `processed`: it acted. `repeated`: it had acted before. `passed_over`: it
 * is for another consumer. `canary`: entered into the ledger alone. `dropped`: an operator wants no more
 * of it. `failed`: an attempt that counts. `given_up`: to the dead letters. `not_now`: waits for
 * infrastructure. `stopped`: handed back by a consumer that takes no more.
 */
export type DeliveryOutcome =
  | 'processed'
  | 'repeated'
  | 'passed_over'
  | 'canary'
  | 'dropped'
  | 'failed'
  | 'given_up'
  | 'not_now'
  | 'stopped';

/** From what a ledger entry takes to what a handler may. */
const HANDLING_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20];
/** From the bus in the same process to an outage of hours. */
const DELAY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1_800, 7_200, 43_200];

/** The metrics of the consumers of this process. */
export class ConsumerMetrics {
  readonly deliveries: CounterMetric<'consumer' | 'outcome'>;
  readonly handlingSeconds: HistogramMetric<'consumer'>;
  readonly delaySeconds: HistogramMetric<'consumer'>;
  readonly #inFlightGauge: GaugeMetric<'consumer'>;
  /** When each delivery under way was published, in ms since 1970; by consumer. */
  readonly #underWay = new Map<string, Set<{ readonly publishedAtMs: number }>>();

  constructor(metrics: Metrics) {
    this.deliveries = metrics.counter({
      name: 'tributary_consumer_deliveries_total',
      help: 'Deliveries to a consumer, by what became of them.',
      labels: ['consumer', 'outcome'],
    });
    this.handlingSeconds = metrics.histogram({
      name: 'tributary_consumer_handling_seconds',
      help: 'How long a consumer took for one attempt, its transaction included.',
      labels: ['consumer'],
      buckets: HANDLING_BUCKETS,
    });
    this.delaySeconds = metrics.histogram({
      name: 'tributary_consumer_delay_seconds',
      help: 'From the receipt of an event to the end of its processing by a consumer.',
      labels: ['consumer'],
      buckets: DELAY_BUCKETS,
    });
    this.#inFlightGauge = metrics.gauge({
      name: 'tributary_consumer_in_flight',
      help: 'Deliveries a consumer has under way in this process.',
      labels: ['consumer'],
    });
    metrics.beforeScrape(() => {
      for (const [consumer, deliveries] of this.#underWay) {
        this.#inFlightGauge.set({ consumer }, deliveries.size);
      }
    });
  }

  /** Notes a delivery that begins. @returns notes its end */
  begin(consumer: string, publishedAtMs: number): () => void {
    const underWay = this.#underWay.get(consumer) ?? new Set();
    this.#underWay.set(consumer, underWay);
    const delivery = { publishedAtMs };
    underWay.add(delivery);
    return () => underWay.delete(delivery);
  }

  /** When the oldest delivery under way was published, in ms since 1970; by consumer. */
  oldestUnderWay(): Map<string, number> {
    const oldest = new Map<string, number>();
    for (const [consumer, deliveries] of this.#underWay) {
      if (deliveries.size === 0) continue;
      oldest.set(consumer, Math.min(...[...deliveries].map((one) => one.publishedAtMs)));
    }
    return oldest;
  }
}
