// What outbox, Pub/Sub, the counting processes and the consumers leave of some events of one tenant: each
// part is written by itself, so that a test can leave one out.
import type { Database } from '#platform/database/database.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { type Carriage, eventAttributes } from '#schemas/cloudevents.ts';
import { type CanonicalEvent, isObservation } from '#schemas/event.ts';
import { LEDGER_COUNTS, OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import { type AuditOptions, audit } from '#services/audit/audit.ts';
import type { AuditReport } from '#services/audit/audit-report.ts';
import { auditWindow, MINUTE_MS } from '#services/audit/window.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { consumed, resolved } from '../ledger/safety-net.ts';

const MINUTES = 60;
/** The minute under way, of all tests of a file: consumers subscribe once for all of them. */
const NOW_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS + 30_000;
/** More than that the emulator's gRPC server refuses. */
const ROWS_PER_APPEND = 2_000;
let nextIndex = 0;

export class World {
  readonly nowMs = NOW_MS;
  readonly tenant: string;
  readonly #options: AuditOptions;

  constructor(tenant: string, options: AuditOptions) {
    this.tenant = tenant;
    this.#options = options;
  }

  get database(): Database {
    return this.#options.database;
  }

  get warehouse(): Warehouse {
    return this.#options.warehouse;
  }

  /** The beginning of a minute, so many after the first one audited; the last one is under way. */
  at(minutes: number, ms = 0): string {
    const firstMs = this.nowMs - 30_000 - MINUTES * MINUTE_MS;
    return new Date(firstMs + minutes * MINUTE_MS + ms).toISOString();
  }

  event(minutes: number, overrides: Partial<CanonicalEvent> = {}): CanonicalEvent {
    nextIndex += 1;
    const received_at = this.at(minutes, nextIndex % 1_000);
    return testEvent(nextIndex, { tenant_id: this.tenant, received_at, ...overrides });
  }

  observation(minutes: number): CanonicalEvent {
    return this.event(minutes, { event_type: 'deal.observed' });
  }

  store(...events: readonly CanonicalEvent[]): Promise<void> {
    return this.#append(OUTBOX.name, events.map(eventToRow));
  }

  prove(events: readonly CanonicalEvent[], carriage?: Carriage): Promise<void> {
    return this.#append(
      PUBLISHED.name,
      events.map((event) => ({
        subscription_name: 'integration-events-published',
        message_id: `${event.event_id} ${carriage?.replay_id ?? ''}`,
        publish_time: event.received_at,
        data: JSON.stringify(event),
        attributes: JSON.stringify({ ...eventAttributes(event), ...carriage }),
      })),
    );
  }

  count(
    measure: string,
    minutes: number,
    total: number,
    consumer: string | null = null,
  ): Promise<void> {
    const row = {
      measure,
      tenant_id: this.tenant,
      minute: this.at(minutes),
      consumer,
      reporter: 'run.0',
      total,
      recorded_at: this.at(minutes + 1),
    };
    return this.warehouse.append(LEDGER_COUNTS.name, [row]);
  }

  /** Each event, by each consumer it is for. */
  async consume(consumers: readonly string[], ...events: readonly CanonicalEvent[]): Promise<void> {
    for (const event of events) {
      if (isObservation(event.event_type)) await resolved(this.database, event);
      else {
        for (const consumer of consumers) await consumed(this.database, { ...event, consumer });
      }
    }
  }

  /** All as it should be: accepted in one request each, stored, carried and consumed. */
  async whole(consumers: readonly string[], ...events: readonly CanonicalEvent[]): Promise<void> {
    await this.accepted(...events);
    await this.store(...events);
    await this.prove(events);
    await this.consume(consumers, ...events);
  }

  /** Counts the events as accepted, which is cumulative: once for each minute of a test. */
  async accepted(...events: readonly CanonicalEvent[]): Promise<void> {
    const firstMs = Date.parse(this.at(0));
    const minutes = events.map(({ received_at }) =>
      Math.floor((Date.parse(received_at) - firstMs) / MINUTE_MS),
    );
    for (const minute of new Set(minutes)) {
      const total = minutes.filter((one) => one === minute).length;
      await this.count('events_accepted', minute, total);
      await this.count('requests_accepted', minute, total);
    }
  }

  audit(asked: { limit?: number; grace?: number; from?: string } = {}): Promise<AuditReport> {
    const { limit = 100, grace = 10, from = this.at(0) } = asked;
    const window = auditWindow({ from, graceMinutes: grace }, this.nowMs);
    const { tenant: tenantId, nowMs } = this;
    return audit(this.#options, { tenantId, window, nowMs, limit });
  }

  async #append(table: string, rows: readonly Row[]): Promise<void> {
    for (let start = 0; start < rows.length; start += ROWS_PER_APPEND) {
      await this.warehouse.append(table, rows.slice(start, start + ROWS_PER_APPEND));
    }
  }
}
