// An installation to reconcile. Real: DuckDB, the in-process bus, Postgres as given, the recorder where a
// test switches it on. Time is not doubled: what should have happened earlier is moved back in Postgres.
import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { EVERY_OUTBOX_ROW } from '#platform/warehouse/testing/every-outbox-row.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { recordPassage } from '#services/proof/record-passage.ts';
import { Reconciler, type ReconcilerOptions } from '#services/reconcile/reconciler.ts';
import type { ReconcileSettings } from '#services/reconcile/settings.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';
import { eventAt, proofOf } from './proofs.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const SETTINGS: ReconcileSettings = {
  graceMs: 10_000,
  sliceMs: HOUR_MS,
  nearMs: MINUTE_MS,
  readGapMs: MINUTE_MS,
};

export class Installation {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly database: Database;
  /** Deliveries of the two topics, as a consumer gets them. */
  readonly delivered: { readonly event: CanonicalEvent; readonly attributes: object }[] = [];
  readonly errors: string[] = [];
  readonly logged: object[] = [];
  #recorder: Subscription | undefined;

  private constructor(bus: Bus, warehouse: Warehouse, database: Database) {
    this.bus = bus;
    this.warehouse = warehouse;
    this.database = database;
  }

  /** @param database whose reconciliation begins anew; proofs are complete since ten days ago */
  static async open(stack: AsyncDisposableStack, database: Database): Promise<Installation> {
    const bus = await temporaryBus(stack);
    const installation = new Installation(bus, await temporaryWarehouse(stack), database);
    for (const topic of [EVENTS_TOPIC, OBSERVATIONS_TOPIC]) {
      await bus.createSubscription(topic, 'reader');
      await bus.subscribe(topic, 'reader', async ({ data, attributes }) => {
        installation.delivered.push({ event: JSON.parse(data), attributes });
      });
    }
    for (const table of ['progress', 'gaps', 'runs'])
      await database.query(`DELETE FROM reconcile_${table}`);
    await installation.comparedThrough(Date.now() - 30 * MINUTE_MS);
    stack.defer(() => installation.stopRecording());
    return installation;
  }

  reconciler(options: Partial<ReconcilerOptions> = {}): Reconciler {
    return new Reconciler({
      bus: this.bus,
      warehouse: this.warehouse,
      database: this.database,
      settings: SETTINGS,
      ledgerDays: 14,
      log: { info: (fields) => void this.logged.push(fields) },
      onError: (message) => void this.errors.push(message),
      ...options,
    });
  }

  /** A scheduled run. */
  async run(options: Partial<ReconcilerOptions> = {}) {
    return (await this.reconciler(options).run({ kind: 'scheduled' })).report;
  }

  async comparedThrough(ms: number): Promise<void> {
    await this.database.query(
      `INSERT INTO reconcile_progress (name, since, published_through, appended_through)
       VALUES ('integration-events', $1, $2, $2)
       ON CONFLICT (name) DO UPDATE SET published_through = $2, appended_through = $2`,
      [new Date(Date.now() - 10 * DAY_MS).toISOString(), new Date(ms).toISOString()],
    );
  }

  async watermarks(): Promise<{ published: number; appended: number }> {
    const [row] = await this.database.query<{ published_through: Date; appended_through: Date }>(
      'SELECT * FROM reconcile_progress',
    );
    return {
      published: row?.published_through.getTime() ?? 0,
      appended: row?.appended_through.getTime() ?? 0,
    };
  }

  /** Moves what was done back in time, as if so long had gone by since. */
  async passTime(ms: number): Promise<void> {
    const ago = [ms];
    const back = '- make_interval(secs => $1::float8 / 1000)';
    await this.database.query(`UPDATE reconcile_gaps SET attempted_at = attempted_at ${back}`, ago);
    await this.database.query(
      `UPDATE reconcile_progress SET state_since = state_since ${back}`,
      ago,
    );
    await this.database.query(`UPDATE reconcile_runs SET started_at = started_at ${back}`, ago);
  }

  store(...events: CanonicalEvent[]): Promise<void> {
    return this.warehouse.append(OUTBOX.name, events.map(eventToRow));
  }

  prove(...rows: Row[]): Promise<void> {
    return this.warehouse.append(PUBLISHED.name, rows);
  }

  /** An event that both sides have, as nearly all are. */
  async passOne(name: string, atMs: number): Promise<void> {
    const event = eventAt(name, atMs);
    await this.store(event);
    await this.prove(proofOf(event, atMs));
  }

  /** From now on what the bus carries is recorded. */
  async record(): Promise<void> {
    const { bus, warehouse } = this;
    const onError = (message: string) => void this.errors.push(message);
    this.#recorder = await recordPassage({ bus, warehouse, maxWaitMs: 5, onError });
  }

  async stopRecording(): Promise<void> {
    await this.#recorder?.close();
    this.#recorder = undefined;
  }

  /** Events of the outbox, sorted; each once. */
  async stored(): Promise<string[]> {
    const rows = await this.warehouse.query<{ entity_id: string }>('outbox-rows', EVERY_OUTBOX_ROW);
    return [...new Set(rows.map(({ entity_id }) => entity_id))].sort();
  }

  /** Entities of what was delivered, in order. */
  get told(): string[] {
    return this.delivered.map(({ event }) => event.entity_id);
  }

  attempts() {
    return this.database.query<{ event_id: string; attempts: number; state: string }>(
      'SELECT event_id, attempts, state, reason FROM reconcile_gaps ORDER BY at, event_id',
    );
  }
}
