// Reconciliation, both ways. Real and doubled: see harness.ts; what is away is a driver whose method
// rejects. Asserted: what consumers get, what the outbox holds, what is told, and what is never done.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import {
  BusUnavailable,
  InvalidRequest,
  InvalidRow,
  ReconcileRunning,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import { withLease } from '#services/leases/lease.ts';
import { SharedWatermarks } from '#services/outbox/shared-watermarks.ts';
import { PROBE_EVENTS } from '#services/reconcile/settings.ts';
import { Spool } from '#services/spool/spool.ts';
import { DAY_MS, HOUR_MS, Installation, MINUTE_MS, SETTINGS } from './harness.ts';
import { eventAt, proofOf } from './proofs.ts';

const within = { timeout: 10_000 };
let now: number;
const ago = (minutes: number) => now - minutes * MINUTE_MS;

describeOnEachDatabase('reconciliation', (open) => {
  let shared: AsyncDisposableStack;
  let stack: AsyncDisposableStack;
  let database: Database;
  let at: Installation;

  beforeAll(async () => {
    shared = new AsyncDisposableStack();
    database = shared.adopt(await open(), (one) => one.close()).db;
  });
  afterAll(() => shared.disposeAsync());
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    now = Date.now();
    at = await Installation.open(stack, database);
    // Proof that proofs arrive.
    await at.passOne('recent', now - 15_000);
  });
  afterEach(() => stack.disposeAsync());

  const storeMany = (count: number, minutesAgo: number) =>
    at.store(
      ...Array.from({ length: count }, (_, index) =>
        eventAt(`e${String(index).padStart(4, '0')}`, ago(minutesAgo) + index),
      ),
    );

  it('does nothing where both sides agree, and moves its watermarks', async () => {
    await at.passOne('settled', ago(20));
    const report = await at.run();
    expect(report).toMatchObject({
      state: 'running',
      complete: true,
      publish: { found: 0, republished: 0, awaiting: 0 },
      append: { found: 0, appended: 0 },
      failures: [],
    });
    const { published, appended } = await at.watermarks();
    expect(published).toBeGreaterThanOrEqual(now - SETTINGS.graceMs);
    expect(appended).toBe(published);
    expect(at.told).toEqual([]);
  });

  it('publishes again what has no proof, in the order of receipt, and says why', async () => {
    const same = ago(5);
    const request = ['b', 'a'].map((name, index) => ({
      ...eventAt(name, same),
      occurred_at: new Date(same - 1_000 + index).toISOString(),
    }));
    const observed = eventAt('observed', ago(4), { event_type: 'deal.observed' });
    await at.store(eventAt('newest', ago(3)), ...request.toReversed(), observed);
    await at.store(eventAt('oldest', ago(20)));
    expect((await at.run()).publish).toMatchObject({ found: 5, republished: 5, awaiting: 5 });
    await expect.poll(() => at.told.length, within).toBe(5);
    expect(at.told.filter((name) => name !== 'observed')).toEqual(['oldest', 'b', 'a', 'newest']);
    for (const { attributes } of at.delivered)
      expect(attributes).toMatchObject({ carried_again: 'reconcile' });
    expect(at.logged).toEqual([{ republished: 5, appended: 0 }]);
  });

  it('appends what has no outbox row as it was carried, and finds it no more', async () => {
    const event = eventAt('carried', ago(5), { org_id: 'org_1', payload: { amount: '1.10' } });
    const observed = eventAt('observed', ago(4), { event_type: 'deal.observed' });
    const other = eventAt('other', ago(3), { tenant_id: 'other' });
    await at.prove(
      proofOf(event, ago(5)),
      proofOf(event, ago(4)),
      proofOf(observed, ago(4)),
      proofOf(other, ago(3), { carried_again: 'spool' }),
      proofOf(eventAt('replayed', ago(3)), ago(3), { carried_again: 'replay' }),
    );
    expect((await at.run()).append).toEqual({ found: 3, appended: 3, unusable: 0 });
    expect(await at.stored()).toEqual(['carried', 'observed', 'other', 'recent']);
    const [row] = await at.warehouse.query<{ payload: string; org_id: string }>('event-by-id', {
      tenant_id: 'acme',
      org_id: null,
      event_id: event.event_id,
    });
    expect(row).toMatchObject({ payload: '{"amount":"1.10"}', org_id: 'org_1', outbox_rows: 1 });
    expect(await at.run()).toMatchObject({ append: { found: 0 }, publish: { found: 0 } });
  });

  it('knows a row that was received long before its message was published', async () => {
    const waited = eventAt('waited', ago(25));
    const lost = eventAt('lost', ago(25));
    await at.store(waited);
    await at.prove(
      proofOf(waited, ago(5), { carried_again: 'spool' }),
      proofOf(lost, ago(5), { carried_again: 'spool' }),
    );
    expect(await at.run()).toMatchObject({ append: { appended: 1 }, publish: { found: 0 } });
    expect(await at.stored()).toEqual(['lost', 'recent', 'waited']);
  });

  it('takes proof for proof wherever it stands', async () => {
    const far = (name: string, minutes: number) => eventAt(name, ago(minutes));
    const [late, spooled, early, after] = [
      far('relayed late', 1_500),
      far('spooled late', 1_400),
      far('published before', 2_870),
      far('after the range', 1_300),
    ] as const;
    await at.store(late, spooled, early, after, far('lost', 1_200));
    await at.prove(
      proofOf(late, ago(1_000), { carried_again: 'relay' }),
      proofOf(spooled, ago(1_000), { carried_again: 'spool' }),
      proofOf(early, ago(2_890)),
      proofOf(after, ago(100), { carried_again: 'relay' }),
    );
    const asked = { kind: 'manual', dryRun: true, fromMs: ago(2_880) } as const;
    const missing = async (toMinutes: number) => {
      const { found } = await at.reconciler().run({ ...asked, toMs: ago(toMinutes) });
      return found.map(({ eventId }) => eventId);
    };
    const lost = [far('lost', 1_200).event_id];
    // With the one that was relayed in the range, and, the range being shorter, without it.
    expect(await missing(900)).toEqual(lost);
    expect(await missing(1_100)).toEqual(lost);
  });

  it('leaves alone what is too young to judge', async () => {
    await at.store(eventAt('young', now - SETTINGS.graceMs + 5_000));
    await at.prove(proofOf(eventAt('young too', now), now - SETTINGS.graceMs + 5_000));
    expect(await at.run()).toMatchObject({ publish: { found: 0 }, append: { found: 0 } });
  });

  it('sees what was appended after its time had been compared', async () => {
    await at.run();
    await at.store(eventAt('late', ago(50)));
    await at.prove(proofOf(eventAt('late proof', ago(50)), ago(50)));
    const report = await at.run();
    expect(report).toMatchObject({ publish: { republished: 1 }, append: { appended: 1 } });
  });

  it('compares a caught-up stretch again for an hour, and then no more', async () => {
    await at.comparedThrough(now - 30 * HOUR_MS);
    await at.run();
    await at.prove(proofOf(eventAt('late proof', now - 20 * HOUR_MS), now - 20 * HOUR_MS));
    await at.passTime(59 * MINUTE_MS);
    expect((await at.run()).append).toMatchObject({ appended: 1 });
    await at.passTime(2 * MINUTE_MS);
    await at.run();
    await at.prove(proofOf(eventAt('very late', now - 20 * HOUR_MS), now - 20 * HOUR_MS));
    expect((await at.run()).append).toMatchObject({ found: 0 });
    const deep = await at.reconciler().run({ kind: 'deep' });
    expect(deep.report.append).toMatchObject({ appended: 1 });
  });

  it('never compares what was received before proofs were complete', async () => {
    await database.query('DELETE FROM reconcile_progress');
    await at.store(eventAt('before', ago(1)));
    await at.reconciler().begin();
    expect((await at.reconciler().run({ kind: 'deep' })).report.publish.found).toBe(0);
  });

  it('carries nothing by itself that consumers may have forgotten, and says so', async () => {
    await at.comparedThrough(now - 5 * DAY_MS);
    await at.store(eventAt('old', now - 4 * DAY_MS), eventAt('older', now - 4.5 * DAY_MS));
    await at.store(eventAt('fresh', ago(5)));
    const report = await at.run({ ledgerDays: 3 });
    expect(report).toMatchObject({ skipped_before: expect.any(String), publish: { found: 1 } });
    expect((await at.run({ ledgerDays: 3 })).skipped_before).toBeNull();
  });

  it('forgets what it published again once its proof is there', async () => {
    await at.record();
    await at.store(eventAt('lost', ago(5)));
    await at.run();
    await expect.poll(async () => (await at.run()).publish, within).toMatchObject({ awaiting: 0 });
    expect(at.told).toEqual(['lost']);
    expect(await at.attempts()).toEqual([]);
  });

  it('publishes an event three times at most, and then names it', async () => {
    await at.store(eventAt('poison', ago(5)));
    for (let run = 0; run < 6; run += 1) {
      await at.run();
      await at.run();
      await at.passTime(MINUTE_MS);
      // Others have their proof, so it is a matter of this event.
      await at.passOne(`other ${run}`, Date.now() + 2 * MINUTE_MS);
    }
    await expect.poll(() => at.told, within).toEqual(['poison', 'poison', 'poison']);
    const { counts, stuck, progress } = await at.reconciler().status('acme');
    expect(progress.state.name).toBe('running');
    expect(counts).toEqual({ carried: 0, unproven: 1, unusable: 0 });
    expect(stuck).toMatchObject([{ state: 'unproven', attempts: 3, direction: 'publish' }]);
    expect((await at.reconciler().status('other')).stuck).toEqual([]);
  });

  it('sends a probe where no proof arrives, then nothing more until proof does', async () => {
    await storeMany(250, 5);
    await at.store(eventAt('newest', now - 12_000));
    // The newest proof is older than what is missing by more than the grace.
    const strict = { settings: { ...SETTINGS, graceMs: 1_000 } };
    expect(await at.run(strict)).toMatchObject({
      state: 'probing',
      publish: { found: 251, republished: PROBE_EVENTS },
    });
    const before = await at.watermarks();
    expect(await at.run(strict)).toMatchObject({ state: 'probing', publish: { republished: 0 } });
    // The newest proof is still older than the probe.
    await at.passTime(12_000);
    const suspended = await at.run(strict);
    expect(suspended).toMatchObject({ state: 'suspended', publish: { republished: 0 } });
    await at.passTime(1_500);
    expect((await at.run(strict)).publish.republished).toBe(0);
    expect(await at.watermarks()).toEqual(before);
    expect(at.errors).toEqual([expect.stringContaining('suspended')]);
    await expect.poll(() => at.told.length, within).toBe(PROBE_EVENTS);

    await at.record();
    await at.passOne('proof again', Date.now());
    expect(await at.run(strict)).toMatchObject({
      state: 'probing',
      publish: { republished: PROBE_EVENTS },
    });
    await expect.poll(async () => (await at.run(strict)).state, within).toBe('running');
    await expect
      .poll(async () => (await at.run(strict)).publish, within)
      .toMatchObject({ found: 0, awaiting: 0 });
    expect(new Set(at.told).size).toBe(251);
    expect((await at.watermarks()).published).toBeGreaterThan(before.published);
  });

  it('stops when many have no proof though others do, and goes on when an operator says so', async () => {
    await storeMany(40, 5);
    expect((await at.run()).publish.republished).toBe(40);
    await at.passTime(MINUTE_MS);
    await at.passOne('fresh', Date.now());
    expect(await at.run()).toMatchObject({
      state: 'suspended',
      reason: 'carried_again_without_proof',
      publish: { republished: 0 },
    });
    await at.passTime(MINUTE_MS);
    await at.passOne('fresh again', Date.now());
    expect(await at.run()).toMatchObject({ state: 'suspended', publish: { republished: 0 } });
    await at.reconciler().resume();
    await at.record();
    expect(await at.run()).toMatchObject({ state: 'probing', publish: { republished: 40 } });
    await expect.poll(async () => (await at.run()).state, within).toBe('running');
    expect((await at.attempts()).length).toBe(0);
  });

  it('ends a resumption that has nothing to find out', async () => {
    await database.query(
      `UPDATE reconcile_progress SET state = 'suspended', reason = 'no_proof_arrives'`,
    );
    await at.reconciler().resume();
    expect((await at.run()).state).toBe('running');
  });

  it.each([
    {
      who: 'the spool',
      hold: async () => {
        const spool = new Spool({ database, maxBytes: 1_000_000 });
        await spool.add([eventAt('waits', ago(6))], false);
        return () => database.query('TRUNCATE spooled_events');
      },
    },
    {
      who: 'a process that is to carry earlier ones first',
      hold: async () => {
        const watermarks = new SharedWatermarks(database);
        await watermarks.save(new Date(ago(6)).toISOString(), true);
        return () => watermarks.close(true);
      },
    },
  ])('publishes nothing past what $who holds back, and all of it afterwards', async ({ hold }) => {
    await at.store(eventAt('before', ago(8)));
    await at.run();
    const { published } = await at.watermarks();
    await at.store(eventAt('earlier', ago(7)), eventAt('later', ago(5)), eventAt('last', ago(4)));
    const letGo = await hold();
    stack.defer(async () => void (await letGo()));
    await at.passTime(2 * MINUTE_MS);
    expect(await at.run()).toMatchObject({
      complete: false,
      state: 'running',
      publish: { found: 3, republished: 2 },
      failures: [],
    });
    expect((await at.watermarks()).published).toBe(published);
    await expect.poll(() => at.told, within).toEqual(['before', 'before', 'earlier']);
    await letGo();
    expect(await at.run()).toMatchObject({ complete: true, publish: { republished: 2 } });
    await expect.poll(() => at.told.slice(3), within).toEqual(['later', 'last']);
  });

  it('leaves watermark and attempts alone while the bus is away, and appends all the same', async () => {
    await at.store(eventAt('lost', ago(5)));
    await at.prove(proofOf(eventAt('carried', ago(4)), ago(4)));
    const before = await at.watermarks();
    const publish = at.bus.publish.bind(at.bus);
    at.bus.publish = () => Promise.reject(new BusUnavailable('It is away.'));
    for (let run = 0; run < 4; run += 1) {
      const report = await at.run();
      expect(report.failures).toEqual([{ direction: 'publish', code: 'bus_unavailable' }]);
      await at.passTime(MINUTE_MS);
    }
    expect(await at.stored()).toContain('carried');
    const after = await at.watermarks();
    expect(after.published).toBe(before.published);
    expect(after.appended).toBeGreaterThan(before.appended);
    expect(await at.attempts()).toEqual([]);
    at.bus.publish = publish;
    expect(await at.run()).toMatchObject({ failures: [], publish: { republished: 1 } });
  });

  it('fails and leaves everything alone while the warehouse is away', async () => {
    await at.store(eventAt('lost', ago(5)));
    const before = await at.watermarks();
    const query = at.warehouse.query.bind(at.warehouse);
    at.warehouse.query = () => Promise.reject(new WarehouseUnavailable('It is away.'));
    await expect(at.run()).rejects.toThrow(WarehouseUnavailable);
    expect(await at.watermarks()).toEqual(before);
    const { runs } = await at.reconciler().status('acme');
    expect(runs[0]).toMatchObject({ report: { failed: 'warehouse_unavailable' } });
    at.warehouse.query = query;
    expect((await at.run()).publish.republished).toBe(1);
  });

  it('keeps the watermark where appending fails, and publishes all the same', async () => {
    await at.prove(proofOf(eventAt('carried', ago(4)), ago(4)));
    await at.store(eventAt('lost', ago(5)));
    const before = await at.watermarks();
    const append = at.warehouse.append.bind(at.warehouse);
    at.warehouse.append = () => Promise.reject(new WarehouseUnavailable('It is away.'));
    expect(await at.run()).toMatchObject({
      failures: [{ direction: 'append', code: 'warehouse_unavailable' }],
      publish: { republished: 1 },
    });
    expect((await at.watermarks()).appended).toBe(before.appended);
    at.warehouse.append = append;
    expect((await at.run()).append.appended).toBe(1);
  });

  it('sets aside messages that are no events and rows that do not fit, once, and heals the rest', async () => {
    const good = eventAt('good', ago(4));
    const [foreign, stranger, long] = ['foreign', 'stranger', 'long'].map((name) =>
      eventAt(name, ago(4)),
    ) as [typeof good, typeof good, typeof good];
    await at.prove(
      proofOf(good, ago(4) - 1, {}, { data: '{"another":"writer"}' }),
      proofOf(foreign, ago(4), {}, { data: 'no JSON' }),
      proofOf(stranger, ago(4), {}, { data: JSON.stringify({ ...stranger, tenant_id: 'other' }) }),
      proofOf(long, ago(4)),
      proofOf(good, ago(4)),
    );
    const append = at.warehouse.append.bind(at.warehouse);
    at.warehouse.append = async (table, rows) => {
      if (rows.some((row) => row.entity_id === 'long')) throw new InvalidRow('It is too long.');
      return append(table, rows);
    };
    expect((await at.run()).append).toEqual({ found: 4, appended: 1, unusable: 3 });
    expect(await at.stored()).toEqual(['good', 'recent']);
    const { stuck } = await at.reconciler().status('acme');
    expect(stuck.map(({ reason }) => reason).sort()).toEqual([
      'another_tenant',
      'invalid_row',
      'not_json',
    ]);
    expect((await at.run()).append).toEqual({ found: 0, appended: 0, unusable: 0 });
  });

  it('sets aside an event that cannot be carried, and publishes its neighbours', async () => {
    const huge = eventAt('huge', ago(4), { payload: { text: 'x'.repeat(at.bus.maxMessageBytes) } });
    const neighbours = [eventAt('one', ago(5)), eventAt('two', ago(3))];
    await at.store(...neighbours, { ...huge, payload: {} });
    const query = at.warehouse.query.bind(at.warehouse);
    at.warehouse.query = async <Result extends object>(
      ...[name, params]: Parameters<typeof query>
    ) => {
      const rows = await query<Result>(name, params);
      if (name !== 'outbox-events') return rows;
      // Longer than a row of these tests may be, so it is made so when it is read.
      return rows.map((row) =>
        'entity_id' in row && row.entity_id === 'huge'
          ? { ...row, payload: JSON.stringify(huge.payload) }
          : row,
      );
    };
    expect((await at.run()).publish).toMatchObject({ republished: 2, unusable: 1 });
    await expect.poll(() => at.told, within).toEqual(['one', 'two']);
    expect((await at.attempts()).map(({ state }) => state)).toEqual([
      'carried',
      'unusable',
      'carried',
    ]);
  });

  it('publishes nothing a second time that a killed run had published', async () => {
    await at.store(eventAt('lost', ago(5)), eventAt('lost too', ago(4)));
    // Killed between the publish and the watermark: the watermark is never saved.
    const killed: Database = new Proxy(database, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value;
        return (sql: string, values?: readonly unknown[]) =>
          sql.includes('GREATEST')
            ? Promise.reject(new Error('killed'))
            : target.query(sql, values);
      },
    });
    await expect(at.run({ database: killed })).rejects.toThrow('killed');
    const before = await at.watermarks();
    await at.run();
    expect((await at.watermarks()).published).toBeGreaterThan(before.published);
    await at.run();
    await expect.poll(() => at.told, within).toEqual(['lost', 'lost too']);
    expect((await at.attempts()).map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  it('counts an attempt that a crash kept from being published', async () => {
    await at.store(eventAt('lost', ago(5)));
    at.bus.publish = () => Promise.reject(new Error('killed'));
    const undoFails: Database = new Proxy(database, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (name === 'transaction') return () => Promise.reject(new Error('killed'));
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await expect(at.run({ database: undoFails })).rejects.toThrow('killed');
    expect(await at.attempts()).toMatchObject([{ attempts: 1 }]);
  });

  it('lets one run at a time', async () => {
    const working = Promise.withResolvers<void>();
    const holding = withLease(database, { name: 'reconcile' }, () => working.promise);
    await expect.poll(() => database.query('SELECT 1 FROM leases'), within).toHaveLength(1);
    await expect(at.run()).rejects.toThrow(ReconcileRunning);
    working.resolve();
    await holding;
    await at.store(eventAt('lost', ago(5)));
    const both = await Promise.allSettled([at.run(), at.run()]);
    expect(both.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    await expect.poll(() => at.told, within).toEqual(['lost']);
  });

  it('says what is missing in a dry run, and changes nothing', async () => {
    await at.store(eventAt('lost', ago(5)), eventAt('lost too', ago(4), { tenant_id: 'other' }));
    await at.prove(proofOf(eventAt('carried', ago(4)), ago(4)));
    const before = await at.watermarks();
    const dry = () => at.reconciler().run({ kind: 'manual', dryRun: true });
    const { report, found } = await dry();
    expect(report).toMatchObject({
      dry_run: true,
      publish: { found: 2, republished: 0 },
      append: { found: 1, appended: 0 },
    });
    expect(found.map(({ direction, tenantId }) => `${direction} ${tenantId}`).sort()).toEqual([
      'append acme',
      'publish acme',
      'publish other',
    ]);
    expect((await dry()).report.publish.found).toBe(2);
    expect(await at.watermarks()).toEqual(before);
    expect([at.told, await at.stored()]).toEqual([[], ['lost', 'lost too', 'recent']]);
  });

  it('compares the range an operator asks for, and leaves the watermarks', async () => {
    await at.store(eventAt('inside', ago(300)), eventAt('outside', ago(400)));
    const before = await at.watermarks();
    const { report } = await at
      .reconciler()
      .run({ kind: 'manual', fromMs: ago(310), toMs: ago(290) });
    expect(report.publish).toMatchObject({ found: 1, republished: 1 });
    expect(await at.watermarks()).toEqual(before);
    await expect.poll(() => at.told, within).toEqual(['inside']);
  });

  it.each([
    { name: 'before proofs are complete', from: -11 * DAY_MS, to: 0, says: /from .* on/ },
    { name: 'with its end before its beginning', from: -HOUR_MS, to: -2 * HOUR_MS, says: /empty/ },
    { name: 'in the future', from: HOUR_MS, to: 2 * HOUR_MS, says: /empty/ },
  ])('refuses a range $name', async ({ from, to, says }) => {
    const asked = at.reconciler().run({ kind: 'manual', fromMs: now + from, toMs: now + to });
    await expect(asked).rejects.toThrow(InvalidRequest);
    await expect(asked).rejects.toThrow(says);
  });

  it('keeps a bounded history, and forgets what is old', async () => {
    await database.query(
      `INSERT INTO reconcile_gaps (direction, event_id, tenant_id, at, state, attempts, attempted_at)
       VALUES ('publish', 'x', 'acme', now() - interval '16 days', 'unproven', 3, now() - interval '15 days')`,
    );
    await at.reconciler().run({ kind: 'deep' });
    expect(await at.attempts()).toEqual([]);
    await database.query(
      `INSERT INTO reconcile_runs (kind, dry_run, published_through, appended_through, started_at)
       SELECT 'scheduled', false, now(), now(), now() - interval '2 hours' FROM generate_series(1, 2100)`,
    );
    await at.run();
    const [row] = await database.query<{ runs: string }>(
      'SELECT count(*) AS runs FROM reconcile_runs',
    );
    expect(Number(row?.runs)).toBe(2_000);
  });
});
