// Real: leases in Postgres, embedded and as a server. Asserted: one holder at a time, and what becomes
// of a holder that is gone.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database, Queryable } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { withLease } from '#services/leases/lease.ts';

describeOnEachDatabase('leases', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  it('lets one at a time work, and the next one after that', async () => {
    const { db } = database;
    const working = Promise.withResolvers<string>();
    const first = withLease(db, { name: 'one' }, () => working.promise);
    await expect.poll(() => db.query("SELECT 1 FROM leases WHERE name = 'one'")).toHaveLength(1);
    expect(await withLease(db, { name: 'one' }, async () => 'second')).toEqual({ held: false });
    expect(await withLease(db, { name: 'other' }, async () => 'other')).toMatchObject({
      held: true,
    });
    working.resolve('first');
    expect(await first).toEqual({ held: true, result: 'first' });
    expect(await withLease(db, { name: 'one' }, async () => 'third')).toEqual({
      held: true,
      result: 'third',
    });
  });

  it('gives the lease back when the work fails', async () => {
    const { db } = database;
    const failing = withLease(db, { name: 'failing' }, () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await withLease(db, { name: 'failing' }, async () => 1)).toMatchObject({ held: true });
  });

  it('renews while it works', async () => {
    const { db } = database;
    const until = async () => {
      const [row] = await db.query<{ held_until: Date }>(
        "SELECT held_until FROM leases WHERE name = 'renewed'",
      );
      return row?.held_until.getTime() ?? 0;
    };
    await withLease(db, { name: 'renewed', holdMs: 300 }, async (signal) => {
      const first = await until();
      await expect.poll(until).toBeGreaterThan(first);
      expect(signal.aborted).toBe(false);
    });
  });

  it('passes to another when its holder is gone', async () => {
    const { db } = database;
    await db.query(
      `INSERT INTO leases VALUES ('left', gen_random_uuid(), now() - interval '1 second')`,
    );
    expect(await withLease(db, { name: 'left' }, async () => 'taken')).toMatchObject({
      held: true,
      result: 'taken',
    });
  });

  it('is taken again by its holder, who could not give it back', async () => {
    const { db } = database;
    const holder = randomUUID();
    const until = "now() + interval '1 hour'";
    await db.query(`INSERT INTO leases VALUES ('own', $1, ${until})`, [holder]);
    expect(await withLease(db, { name: 'own' }, async () => 1)).toEqual({ held: false });
    expect(await withLease(db, { name: 'own', holder }, async () => 1)).toMatchObject({
      held: true,
    });
  });

  it('tells the work when the lease is lost', async () => {
    const { db } = database;
    let away = false;
    const flaky: Database = {
      ...db,
      query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
        away ? Promise.reject(new Error('away')) : db.query<Row>(sql, values),
      transaction: <Result>(work: (tx: Queryable) => Promise<Result>) => db.transaction(work),
      migrate: () => db.migrate(),
      close: () => db.close(),
    };
    await withLease(flaky, { name: 'lost', holdMs: 60 }, async (signal) => {
      away = true;
      await expect.poll(() => signal.aborted).toBe(true);
      away = false;
    });
  });
});
