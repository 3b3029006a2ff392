// The audit. Real: Postgres, embedded and as a server, with DuckDB; and the BigQuery emulator with the
// embedded Postgres. Asserted: that it proves what is whole, and names what is planted, of the tenant that
// asks alone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnEachDatabase, type OpenDatabase } from '#platform/database/each-database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import { describeWith } from '#platform/testing/describe-with.ts';
import {
  BIGQUERY_EMULATOR,
  startBigQueryEmulator,
} from '#platform/warehouse/bigquery/testing/emulator.ts';
import { createDataset } from '#platform/warehouse/bigquery/testing/tables.ts';
import { openBigQueryWarehouse } from '#platform/warehouse/bigquery/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { LEDGER_COUNTS, OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import type { AuditOptions } from '#services/audit/audit.ts';
import { auditReportSchema } from '#services/audit/audit-report.ts';
import { beginLedgerEarly, consumed, subscribe } from '../ledger/safety-net.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';
import { AUDIT_CASES, CONSUMERS, LATE_CONSUMER } from './cases.ts';
import { World } from './world.ts';

const KEEP_DAYS = 14;
const BEGAN = '2026-01-01T00:00:00.000Z';

/** @returns what the suite works with, once it runs */
function declareAudit(
  openDatabase: OpenDatabase,
  openWarehouse: (stack: AsyncDisposableStack) => Promise<Warehouse>,
): () => AuditOptions {
  const stack = new AsyncDisposableStack();
  let options: AuditOptions;

  beforeAll(async () => {
    const { db: database } = stack.adopt(await openDatabase(), (one) => one.close());
    await beginLedgerEarly(database);
    options = { database, warehouse: await openWarehouse(stack), keepDays: KEEP_DAYS };
    const world = new World('nobody', options);
    for (const name of CONSUMERS) await subscribe(database, name, BEGAN);
    await subscribe(database, LATE_CONSUMER, world.at(30));
    // Of what was received before the first proof, an embedded server misses none.
    await world.prove([world.event(-30 * 24 * 60)]);
  }, 90_000);
  afterAll(() => stack.disposeAsync());

  it.each(AUDIT_CASES.map((one, index) => ({ ...one, index })))(
    'says of $name what it is',
    async ({ plant, asked, index }) => {
      const world = new World(`tenant_${index}`, options);
      const expected = await plant(world);
      const report = await world.audit(asked);
      expect(report).toMatchObject(expected);
      expect(auditReportSchema.parse(report)).toEqual(report);
    },
  );

  it('says nothing of another tenant', async () => {
    const [mine, theirs] = [new World('mine', options), new World('theirs', options)];
    await mine.whole([...CONSUMERS], mine.event(1));
    const lost = theirs.event(1);
    await theirs.store(lost);
    expect(await mine.audit()).toMatchObject({ verdict: 'proved', missing: [] });
    expect(await theirs.audit()).toMatchObject({ verdict: 'missing' });
    // An entry of the same event under another tenant is none of its own.
    expect((await theirs.audit()).totals.consumed).toEqual({
      commission: 0,
      directory: 0,
      late: 0,
      resolver: 0,
    });
  });

  it('compares counts alone where ledgers were cleaned up', async () => {
    const world = new World('old', options);
    const minutes = -20 * 24 * 60;
    const events = [world.event(minutes), world.event(minutes), world.event(minutes + 1)];
    await world.store(...events);
    await world.prove(events);
    for (const consumer of CONSUMERS) {
      await world.count('consumed', minutes, 2, consumer);
      await world.count('consumed', minutes + 1, 1, consumer);
    }
    const from = world.at(minutes);
    const proved = await world.audit({ from });
    expect(proved).toMatchObject({ verdict: 'proved', missing: [] });
    expect(proved.totals.consumed).toMatchObject({ commission: 3, directory: 3 });

    const later = world.event(minutes + 2);
    await world.store(later);
    await world.prove([later]);
    await world.count('consumed', minutes + 2, 1, 'commission');
    await world.count('dead_lettered', minutes + 2, 1, 'directory');
    await world.count('set_aside', minutes + 2, 1, 'directory');
    expect(await world.audit({ from })).toMatchObject({ verdict: 'proved' });

    const lost = world.event(minutes + 3);
    await world.store(lost);
    await world.prove([lost]);
    await world.count('consumed', minutes + 3, 1, 'commission');
    expect(
      (await world.audit({ from })).disagreements.filter(({ kind }) => kind !== 'uncounted'),
    ).toEqual([
      {
        minute: world.at(minutes + 3),
        kind: 'not_consumed',
        consumer: 'directory',
        events: 1,
        state: 'missing',
      },
    ]);
  });
  return () => options;
}

describeOnEachDatabase('the audit with DuckDB', (open) => {
  const options = declareAudit(open, temporaryWarehouse);

  // Not with the emulator, which joins each row with each.
  it('pages through more ids than it holds at once', async () => {
    const world = new World('many', options());
    const events = Array.from({ length: 5_050 }, (_, index) => world.event(index % 3));
    await world.store(...events);
    await world.prove(events);
    await options().database.query(
      `INSERT INTO processed_events (consumer, event_id, tenant_id, received_at)
       SELECT consumer, event_id, $1, received_at
       FROM unnest($2::uuid[], $3::timestamptz[]) AS event (event_id, received_at)
       CROSS JOIN unnest($4::text[]) AS consumer`,
      [
        world.tenant,
        events.slice(1).map(({ event_id }) => event_id),
        events.slice(1).map(({ received_at }) => received_at),
        [...CONSUMERS],
      ],
    );
    const [lost] = events;
    const report = await world.audit();
    expect(report.missing).toMatchObject([
      { event_id: lost?.event_id, consumer: 'commission' },
      { event_id: lost?.event_id, consumer: 'directory' },
    ]);
  }, 60_000);
});

describe('the audit of an embedded server', () => {
  it('misses no proof where none is written, nor of what came before the first', async () => {
    await using stack = new AsyncDisposableStack();
    const { db: database } = stack.adopt(await openTestDatabase(), (one) => one.close());
    await beginLedgerEarly(database);
    await subscribe(database, 'commission', BEGAN);
    const warehouse = await temporaryWarehouse(stack);
    const world = new World('acme', { database, warehouse, keepDays: KEEP_DAYS });
    const event = world.event(1);
    await world.accepted(event);
    await world.store(event);
    await consumed(database, { ...event, consumer: 'commission' });
    expect(await world.audit()).toMatchObject({
      verdict: 'proved',
      disagreements: [],
      totals: { outboxed: 1, published: 0 },
    });
    const proved = world.event(2);
    await world.whole(['commission'], proved);
    expect(await world.audit()).toMatchObject({ verdict: 'proved' });
    const lost = world.event(3);
    await world.accepted(lost);
    await world.store(lost);
    await consumed(database, { ...lost, consumer: 'commission' });
    expect(await world.audit()).toMatchObject({
      verdict: 'missing',
      missing: [{ event_id: lost.event_id, kind: 'without_proof' }],
    });
  });
});

describeWith(BIGQUERY_EMULATOR, (path) => {
  describe('the audit with BigQuery', () => {
    declareAudit(openTestDatabase, async (stack) => {
      const where = { projectId: 'audit', dataset: 'd' };
      const tables = [OUTBOX, PUBLISHED, LEDGER_COUNTS];
      const emulator = await startBigQueryEmulator(path, { projectId: where.projectId });
      stack.defer(() => emulator.stop());
      const { restEndpoint, storageEndpoint } = emulator;
      await createDataset({ ...where, restEndpoint }, tables);
      const warehouse = await openBigQueryWarehouse({
        ...where,
        location: 'EU',
        restEndpoint,
        storageEndpoint,
        tables,
        appendTimeoutMs: 30_000,
        connections: 1,
      });
      return stack.adopt(warehouse, (one) => one.close());
    });
  });
});
