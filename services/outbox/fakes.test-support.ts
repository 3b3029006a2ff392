// A bus and a warehouse whose confirmations a test decides on. Nothing leaves the memory.
import type { Bus, BusMessage, Subscription } from '#platform/bus/bus.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import type { SpooledEvent } from '../spool/spool-store.ts';
import { PublishGate } from './publish-gate.ts';
import { PublishProgress } from './publish-progress.ts';

/** What becomes of the next call: confirmed, refused, or nothing until the test says so. */
export type Fate = 'confirm' | 'refuse' | 'hang';

/** Calls that hang, to be settled by the test. */
class Settler {
  readonly #hanging: PromiseWithResolvers<void>[] = [];

  settle(fate: Fate, refusal: Error): Promise<void> {
    if (fate === 'confirm') return Promise.resolve();
    if (fate === 'refuse') return Promise.reject(refusal);
    const waiting = Promise.withResolvers<void>();
    this.#hanging.push(waiting);
    return waiting.promise;
  }

  release(error?: Error): void {
    for (const waiting of this.#hanging.splice(0)) {
      if (error) waiting.reject(error);
      else waiting.resolve();
    }
  }
}

export class FakeWarehouse implements Warehouse {
  fate: Fate = 'confirm';
  readonly appended: { readonly table: string; readonly rows: readonly Row[] }[] = [];
  readonly calls = new Settler();
  readonly streamBounds = { rows: 10_000 };

  append(table: string, rows: readonly Row[]): Promise<void> {
    this.appended.push({ table, rows });
    return this.calls.settle(this.fate, new Error('the disk is full'));
  }

  /** Rows given to one table, whatever became of them. */
  rowsOf(table: string): Row[] {
    return this.appended.filter((one) => one.table === table).flatMap(({ rows }) => rows);
  }

  query<Result extends object>(): Promise<Result[]> {
    return Promise.resolve([]);
  }

  async *stream<Result extends object>(): AsyncGenerator<Result[]> {}

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A spool in memory. */
export class FakeSpool {
  fate: Fate = 'refuse';
  held: CanonicalEvent[] = [];
  readonly calls = new Settler();

  get mayHold(): boolean {
    return this.held.length > 0;
  }

  async add(events: readonly CanonicalEvent[]): Promise<void> {
    await this.calls.settle(this.fate, new Error('the database is away'));
    this.held.push(...events);
  }

  look() {
    return this.usage();
  }

  async usage() {
    return { events: this.held.length, bytes: 0, oldestReceivedAt: this.held[0]?.received_at };
  }

  async drain(carry: (page: readonly SpooledEvent[]) => Promise<void>): Promise<number> {
    const page = this.held.map((event) => ({ seq: event.event_id, event, afterOutbox: false }));
    if (page.length > 0) await carry(page);
    this.held = this.held.slice(page.length);
    return page.length;
  }
}

/** What `accept` needs besides bus and warehouse, without a spool that takes anything. */
export function acceptParts() {
  return {
    progress: new PublishProgress(),
    gate: new PublishGate(),
    spool: new FakeSpool(),
    patienceMs: 400,
    deadlineMs: 2_500,
  };
}

export class FakeBus implements Bus {
  fate: Fate = 'confirm';
  readonly durable: boolean;
  readonly maxMessageBytes = 10_000_000;
  readonly published: BusMessage[] = [];
  readonly calls = new Settler();

  constructor(durable: boolean) {
    this.durable = durable;
  }

  publish(_topic: string, messages: readonly BusMessage[]): Promise<void> {
    this.published.push(...messages);
    return this.calls.settle(this.fate, new Error('the bus is away'));
  }

  /** Ids of all events given to it, whatever became of them. */
  get eventIds(): string[] {
    return this.published.map(({ data }) => (JSON.parse(data) as CanonicalEvent).event_id);
  }

  async check(): Promise<void> {}

  createSubscription(): Promise<void> {
    return Promise.resolve();
  }

  subscribe(): Promise<Subscription> {
    return Promise.resolve({ close: async () => {} });
  }

  watch(): Promise<Subscription> {
    return Promise.resolve({ close: async () => {} });
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}
