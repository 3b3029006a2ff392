import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseUnavailable, InternalError } from '#schemas/problems.ts';
import type { Database } from './database.ts';

/** An open, migrated database that nothing else uses. */
export interface DatabaseHarness {
  readonly db: Database;
  /** Closes the database, when it is open, and removes what it left. */
  dispose(): Promise<void>;
}

interface ValueCase {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
  readonly read: unknown;
}

const INSTANT = new Date('2026-03-29T01:30:00.123Z');

const VALUES: readonly ValueCase[] = [
  { name: 'text', type: 'text', value: 'Zoë 🎈', read: 'Zoë 🎈' },
  { name: 'integer', type: 'integer', value: 42, read: 42 },
  { name: 'boolean', type: 'boolean', value: false, read: false },
  { name: 'null', type: 'text', value: null, read: null },
  {
    name: 'bigint past a double',
    type: 'bigint',
    value: '9007199254740993',
    read: '9007199254740993',
  },
  { name: 'small bigint, also as text', type: 'bigint', value: 7, read: '7' },
  {
    name: 'numeric with all its digits',
    type: 'numeric',
    value: '1234567890123456789.100000000000000000001',
    read: '1234567890123456789.100000000000000000001',
  },
  { name: 'numeric keeps its scale', type: 'numeric(12,2)', value: '10.5', read: '10.50' },
  { name: 'timestamptz', type: 'timestamptz', value: INSTANT, read: INSTANT },
  {
    name: 'jsonb',
    type: 'jsonb',
    value: { rate: '0.10', tags: ['a', null] },
    read: { rate: '0.10', tags: ['a', null] },
  },
  { name: 'uuid', type: 'uuid', value: uuid(1), read: uuid(1) },
];

function uuid(last: number): string {
  return `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
}

/**
 * What every Database does. Real: the driver and its database. Nothing is doubled.
 *
 * @param makeHarness called once
 */
export function describeDatabase(name: string, makeHarness: () => Promise<DatabaseHarness>): void {
  describe(`database conformance: ${name}`, () => {
    let harness: DatabaseHarness;
    let db: Database;
    beforeAll(async () => {
      harness = await makeHarness();
      db = harness.db;
      await db.query('CREATE TABLE counted (name text PRIMARY KEY, n integer NOT NULL)');
    });
    afterAll(() => harness.dispose());

    const count = async (key: string): Promise<number> => {
      const rows = await db.query<{ n: number }>('SELECT n FROM counted WHERE name = $1', [key]);
      return rows[0]?.n ?? 0;
    };
    const add = (key: string, n: number) =>
      db.query('INSERT INTO counted (name, n) VALUES ($1, $2)', [key, n]);

    it.each(VALUES)('reads back $name', async ({ type, value, read }) => {
      expect(await db.query(`SELECT $1::${type} AS v`, [value])).toEqual([{ v: read }]);
    });

    it("keeps the SQLSTATE of a statement's own failure", async () => {
      await add('unique', 1);
      await expect(add('unique', 2)).rejects.toMatchObject({ code: '23505' });
      await expect(db.query('SELECT nothing FROM nowhere')).rejects.toMatchObject({
        code: '42P01',
      });
      await expect(db.query('SELECT 1/$1::int', [0])).rejects.toMatchObject({ code: '22012' });
    });

    it('says nothing of the values in a failure that may reach the log', async () => {
      const failure: unknown = await db
        .query('SELECT $1::text FROM nowhere', ['very private'])
        .catch((error: unknown) => error);
      expect(JSON.stringify({ ...(failure as Error), text: String(failure) })).not.toContain(
        'very private',
      );
    });

    it('commits what a transaction did and returns its result', async () => {
      const result = await db.transaction(async (tx) => {
        await tx.query(`INSERT INTO counted VALUES ('committed', 1)`);
        await tx.query(`UPDATE counted SET n = n + 1 WHERE name = 'committed'`);
        return 'done';
      });
      expect(result).toBe('done');
      expect(await count('committed')).toBe(2);
    });

    it('rolls back when the body throws, and passes the error on', async () => {
      const failure = new Error('changed my mind');
      await expect(
        db.transaction(async (tx) => {
          await tx.query(`INSERT INTO counted VALUES ('thrown', 1)`);
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await count('thrown')).toBe(0);
    });

    it('rolls back when a statement fails, and works on afterwards', async () => {
      await expect(
        db.transaction(async (tx) => {
          await tx.query(`INSERT INTO counted VALUES ('failed', 1)`);
          await tx.query('SELECT 1/0');
        }),
      ).rejects.toMatchObject({ code: '22012' });
      expect(await count('failed')).toBe(0);
    });

    it('does not report a commit when the body hid a failed statement', async () => {
      await expect(
        db.transaction(async (tx) => {
          await tx.query(`INSERT INTO counted VALUES ('hidden', 1)`);
          await tx.query('SELECT 1/0').catch(() => undefined);
        }),
      ).rejects.toThrow(InternalError);
      expect(await count('hidden')).toBe(0);
    });

    it('refuses statements of a transaction that has ended', async () => {
      const escaped = await db.transaction(async (tx) => ({ tx }));
      await expect(escaped.tx.query('SELECT 1')).rejects.toThrow(InternalError);
    });

    it('loses no update of transactions at the same time', async () => {
      await add('raced', 0);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          db.transaction((tx) => tx.query(`UPDATE counted SET n = n + 1 WHERE name = 'raced'`)),
        ),
      );
      expect(await count('raced')).toBe(20);
    });

    it('migrates any number of times, also at once', async () => {
      await Promise.all([db.migrate(), db.migrate(), db.migrate()]);
      const rows = await db.query<{ version: number }>(
        'SELECT version FROM schema_migrations ORDER BY version',
      );
      expect(rows.map((row) => row.version)).toEqual(rows.map((_, index) => index + 1));
      expect(rows.length).toBeGreaterThanOrEqual(3);
    });

    it('refuses a second connection of one name and provider in a tenant', async () => {
      const insert = (tenant: string) =>
        db.query(
          `INSERT INTO connections (id, tenant_id, provider, name, secret_ref)
           VALUES ($1, $2, 'hubspot', 'main', 'ref') RETURNING status, settings, version`,
          [randomUUID(), tenant],
        );
      expect(await insert('acme')).toEqual([{ status: 'active', settings: {}, version: '1' }]);
      await insert('globex');
      await expect(insert('acme')).rejects.toMatchObject({ code: '23505' });
      await expect(db.query(`UPDATE connections SET status = 'odd'`)).rejects.toMatchObject({
        code: '23514',
      });
    });

    it('takes an event into the ledger once per consumer', async () => {
      const claim = (consumer: string) =>
        db.query(
          `INSERT INTO processed_events (consumer, event_id, tenant_id) VALUES ($1, $2, 'acme')
           ON CONFLICT DO NOTHING RETURNING processed_at`,
          [consumer, uuid(2)],
        );
      expect(await claim('directory')).toEqual([{ processed_at: expect.any(Date) }]);
      expect(await claim('directory')).toEqual([]);
      expect(await claim('commission')).toHaveLength(1);
    });

    it('is unavailable once closed, and closes twice', async () => {
      await db.close();
      await db.close();
      await expect(db.query('SELECT 1')).rejects.toThrow(DatabaseUnavailable);
      await expect(db.transaction(async () => undefined)).rejects.toThrow(DatabaseUnavailable);
    });
  });
}
