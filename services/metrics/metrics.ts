import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface MetricSpec<Label extends string> {
  /** Begins with `tributary_` and ends with its unit, or with `_total` for a counter. */
  readonly name: string;
  /** One sentence; docs/operations.md has the same metric in its table. */
  readonly help: string;
  /** Names of labels. Few values each, and never an id of an event or a tenant. */
  readonly labels?: readonly Label[];
}

export interface CounterMetric<Label extends string> {
  /** @param value default 1 */
  add(labels: Labels<Label>, value?: number): void;
}

export interface GaugeMetric<Label extends string> {
  set(labels: Labels<Label>, value: number): void;
  /** Forgets all values: a scrape shows none until the next `set`. */
  clear(): void;
}

export interface HistogramMetric<Label extends string> {
  observe(labels: Labels<Label>, value: number): void;
}

/** Brings gauges up to date, before a scrape is answered. */
export type ReadGauges = () => Promise<void> | void;

/** The metrics of one server. Each name is registered once, whether it has values yet or not. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #readers: ReadGauges[] = [];

  /** The content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  counter<Label extends string = never>(spec: MetricSpec<Label>): CounterMetric<Label> {
    const counter = new Counter<Label>(this.#options(spec));
    return { add: (labels, value = 1) => counter.inc(labels, value) };
  }

  gauge<Label extends string = never>(spec: MetricSpec<Label>): GaugeMetric<Label> {
    const gauge = new Gauge<Label>(this.#options(spec));
    return { set: (labels, value) => gauge.set(labels, value), clear: () => gauge.reset() };
  }

  /** @param buckets upper bounds, ascending, in the unit of the metric */
  histogram<Label extends string = never>(
    spec: MetricSpec<Label> & { readonly buckets: readonly number[] },
  ): HistogramMetric<Label> {
    const buckets = [...spec.buckets];
    const histogram = new Histogram<Label>({ ...this.#options(spec), buckets });
    return { observe: (labels, value) => histogram.observe(labels, value) };
  }

  /**
   * Calls `read` before each scrape, for gauges whose values stand elsewhere.
   *
   * @param read clears its gauges first: when it fails, the scrape goes on without their values
   */
  beforeScrape(read: ReadGauges): void {
    this.#readers.push(read);
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    // A store that is away shows as absent values here, and by its own check in /readyz.
    await Promise.allSettled(this.#readers.map(async (read) => read()));
    return this.#registry.metrics();
  }

  #options<Label extends string>({ name, help, labels = [] }: MetricSpec<Label>) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
