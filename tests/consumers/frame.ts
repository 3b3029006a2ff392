// What the suites of the consumers' frame share: consumers whose effects can be read back, events, and
// the dead letters of a consumer.
import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import type { Carriage } from '#schemas/cloudevents.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { type ConsumeOptions, consume } from '#services/consumers/consume.ts';
import type { Consumer, Handling } from '#services/consumers/consumer.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import type { OpenPair, Pair } from '../support/each-bus.ts';

export const within = { timeout: 20_000 };
const backoff = { minMs: 10, maxMs: 50 };

export type React = (event: CanonicalEvent, handling: Handling, tx: Queryable) => unknown;

export interface Letter {
  readonly id: string;
  readonly consumer: string;
  readonly event_id: string | null;
  readonly tenant_id: string;
  readonly state: string;
  readonly attempts: number;
  readonly reason: string;
  readonly history: readonly { readonly at: string; readonly reason: string }[];
  readonly message: string;
}

/** A bus, a database and the consumers that run on them. */
export class Frame {
  readonly bus: Bus;
  readonly database: Database;
  readonly parallel: boolean;
  readonly errors: string[] = [];
  readonly #running = new Map<string, Subscription>();
  #events = 0;

  private constructor({ bus, database, parallel }: Pair) {
    this.bus = bus;
    this.database = database;
    this.parallel = parallel;
  }

  static async open(open: OpenPair, stack: AsyncDisposableStack): Promise<Frame> {
    const pair = await open(stack);
    await pair.database.query('CREATE TABLE effects (consumer text, entity_id text)');
    const frame = new Frame(pair);
    stack.defer(() => frame.closeAll());
    return frame;
  }

  /** Starts a consumer that writes a row for each event, and then does what the test says. */
  async start(
    name: string,
    react: React = () => undefined,
    settings: Partial<Consumer> = {},
    options: ConsumeOptions & { readonly bus?: Bus; readonly database?: Database } = {},
  ): Promise<void> {
    const { bus = this.bus, database = this.database, ...others } = options;
    const running = await consume(
      bus,
      database,
      {
        name,
        handle: async (event, tx, handling) => {
          await tx.query('INSERT INTO effects VALUES ($1, $2)', [name, event.entity_id]);
          await react(event, handling, tx);
        },
        ...settings,
        options: { backoff, ...settings.options },
      },
      { operatorTenantId: 'acme', onError: (message) => this.errors.push(message), ...others },
    );
    this.#running.set(name, running);
  }

  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.close();
    this.#running.delete(name);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
  }

  /** A new event of an entity. */
  event(entityId: string, overrides: Partial<CanonicalEvent> = {}): CanonicalEvent {
    this.#events += 1;
    return testEvent(this.#events, { entity_id: entityId, ...overrides });
  }

  publish(events: readonly CanonicalEvent[], carriage?: Carriage): Promise<void> {
    const messages = events.map((event) => new EventMessage(event, carriage));
    return this.bus.publish(EVENTS_TOPIC, messages);
  }

  /** Entities a consumer's effects were on, one for each effect, in order. */
  async effects(consumer: string): Promise<string[]> {
    const rows = await this.database.query<{ entity_id: string }>(
      'SELECT entity_id FROM effects WHERE consumer = $1 ORDER BY ctid',
      [consumer],
    );
    return rows.map((row) => row.entity_id);
  }

  letters(consumer: string): Promise<Letter[]> {
    return this.database.query<Letter>(
      'SELECT * FROM dead_letters WHERE consumer = $1 ORDER BY sequence',
      [consumer],
    );
  }

  async line(consumer: string): Promise<Record<string, unknown> | undefined> {
    const [row] = await this.database.query('SELECT * FROM consumers WHERE name = $1', [consumer]);
    return row;
  }
}
