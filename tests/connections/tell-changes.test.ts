// Changes of connections on their way to analysts and the bus. Real: Postgres (embedded and as a server)
// and DuckDB, which takes or refuses the rows; what was accepted as events is recorded.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { Row } from '#platform/warehouse/warehouse.ts';
import { type CanonicalEvent, eventSchema } from '#schemas/event.ts';
import { markFailed } from '#services/connections/server-changes.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import { type TellChangesOptions, tellChanges } from '#services/connections/tell-changes.ts';
import { ReceiptClock } from '#services/outbox/receipt-clock.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';

const HUBSPOT = { tenantId: 'acme', orgId: 'one', provider: 'hubspot', name: 'main', settings: {} };
const FAILURE = { reason: 'credentials_refused', detail: 'HubSpot takes the token no more.' };

describeOnEachDatabase('changes of connections', (open) => {
  let stack: AsyncDisposableStack;
  let database: Database;
  let store: ConnectionStore;
  let fail: () => Promise<void>;
  let recover: () => Promise<unknown>;
  let options: TellChangesOptions;
  let rows: Row[];
  let events: CanonicalEvent[];
  let fault: Error | undefined;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    store = new ConnectionStore(database);
    const publicUrl = () => 'https://hooks.example.com';
    fail = () => markFailed({ database, publicUrl }, 'con_1', FAILURE);
    recover = async () =>
      store.update(await store.find(HUBSPOT, 'con_1'), { status: 'active', statusReason: null });
    const warehouse = await temporaryWarehouse(stack);
    const accept = async (accepted: readonly CanonicalEvent[]) => {
      if (fault) throw fault;
      events.push(...accepted);
      return { accepted: accepted.length, duplicates: 0 };
    };
    options = {
      database,
      outbox: async () => ({ accept, clock: new ReceiptClock() }),
      warehouse: {
        ...warehouse,
        append: async (table, given) => {
          await warehouse.append(table, given);
          rows.push(...given);
        },
      },
    };
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(async () => {
    await database.query('DELETE FROM connections');
    await database.query('DELETE FROM connection_changes');
    rows = [];
    events = [];
    fault = undefined;
  });

  it('are told once each, in order, without what is not for analysts', async () => {
    const one = await store.insert(HUBSPOT, 'con_1', 'ref/1');
    await store.update(one, { name: 'renamed' });
    await store.delete(one);
    expect(await tellChanges(options)).toEqual({ told: 3 });
    expect(rows.map(({ operation, version, name }) => [operation, version, name])).toEqual([
      ['created', 1, 'main'],
      ['updated', 2, 'renamed'],
      ['deleted', 3, 'renamed'],
    ]);
    expect(rows[0]).not.toHaveProperty('status_before');
    expect(events).toEqual([]);
    expect(await tellChanges(options)).toEqual({ told: 0 });
  });

  it('are events too when a connection fails or recovers, the same ones when told again', async () => {
    await store.insert(HUBSPOT, 'con_1', 'ref/1');
    await fail();
    await fail();
    fault = new Error('neither store takes it');
    await expect(tellChanges(options)).rejects.toBe(fault);
    expect(rows).toEqual([]);
    fault = undefined;
    await tellChanges(options);
    await recover();
    await tellChanges(options);
    expect(events.map((event) => eventSchema.parse(event).event_type)).toEqual([
      'connection.failed',
      'connection.recovered',
    ]);
    expect(events[0]).toMatchObject({
      org_id: 'one',
      entity_id: 'con_1',
      payload: { name: 'main', status: 'error', ...FAILURE },
    });
    expect(rows.map(({ status, last_error }) => [status, last_error])).toEqual([
      ['active', null],
      ['error', FAILURE.detail],
      ['active', null],
    ]);
  });

  it('by the server are in the audit log, and leave alone what somebody disabled', async () => {
    const one = await store.insert(HUBSPOT, 'con_1', 'ref/1');
    await store.update(one, { status: 'inactive', statusReason: 'disabled' });
    await fail();
    expect(await store.find(HUBSPOT, 'con_1')).toMatchObject({ status: 'inactive', version: 2 });
    await store.update(one, { status: 'active', statusReason: null });
    await fail();
    expect(await store.find(HUBSPOT, 'con_1')).toMatchObject({
      status: 'error',
      statusReason: FAILURE.reason,
      statusDetail: FAILURE.detail,
      lastError: FAILURE.reason,
      errorCount: 1,
    });
    const audited = await database.query('SELECT actor, action FROM audit_log');
    expect(audited).toContainEqual({ actor: 'system', action: 'connection.failed' });
    const log = await database.query('SELECT level, kind, code FROM connection_logs');
    expect(log).toEqual([{ level: 'error', kind: 'credentials', code: FAILURE.reason }]);
    await database.query('DELETE FROM connections');
    await fail();
  });
});
