import type { BusMessage, Delivery, DeliveryHandler } from '../bus.ts';

/** A message that is told apart by its data alone. */
export function message(data: string, orderingKey = 'key'): BusMessage {
  return { data: JSON.stringify(data), attributes: { kind: 'test' }, orderingKey };
}

/** Text that `message` was made of. */
export function textOf({ data }: Pick<BusMessage, 'data'>): string {
  return JSON.parse(data);
}

/** Remembers deliveries, and which of them its handler has settled. */
export class Recorder {
  readonly deliveries: Delivery[] = [];
  readonly #settled: string[] = [];
  readonly #react: DeliveryHandler;

  /** @param react decides each delivery; by default all succeed */
  constructor(react: DeliveryHandler = async () => {}) {
    this.#react = react;
  }

  readonly handler: DeliveryHandler = async (delivery, signal) => {
    this.deliveries.push(delivery);
    await this.#react(delivery, signal);
    this.#settled.push(textOf(delivery));
  };

  /** Texts in the order of their first delivery: at least once means that some come twice. */
  get delivered(): string[] {
    return [...new Set(this.deliveries.map(textOf))];
  }

  /** Texts in the order they were first settled. */
  get settled(): string[] {
    return [...new Set(this.#settled)];
  }

  /** Attempts of one text. */
  attemptsOf(text: string): number[] {
    return this.deliveries.filter((delivery) => textOf(delivery) === text).map((d) => d.attempt);
  }
}

/** A handler's part that holds every delivery until it is opened. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  inside = 0;
  mostInside = 0;

  readonly pass = async (): Promise<void> => {
    this.inside += 1;
    this.mostInside = Math.max(this.mostInside, this.inside);
    await this.#opened.promise;
    this.inside -= 1;
  };

  open(): void {
    this.#opened.resolve();
  }
}
