// Real: PostgreSQL. Nothing is doubled.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InternalError } from '#schemas/problems.ts';
import { describeDatabase } from '../conformance.ts';
import type { Database } from '../database.ts';
import { openPostgres } from './postgres.ts';
import { describeOnPostgres } from './testing/suite.ts';

describeOnPostgres('postgres', {}, (server) => {
  describeDatabase('postgres', async () => {
    const connection = await server().createDatabase({ migrated: true });
    const db = openPostgres({ connection });
    return { db, dispose: () => db.close() };
  });

  describe('besides the contract', () => {
    let db: Database;
    beforeAll(() => {
      db = openPostgres({ connection: server().connection, poolSize: 1 });
    });
    afterAll(() => db.close());

    const read = [
      {
        type: 'numeric[]',
        text: '{0.1,1234567890123456789.5}',
        as: ['0.1', '1234567890123456789.5'],
      },
      { type: 'bigint[]', text: '{9007199254740993,1}', as: ['9007199254740993', '1'] },
      { type: 'date', text: '2026-03-29', as: new Date('2026-03-29T00:00:00Z') },
      { type: 'interval', text: '1 day 02:00:00', as: '1 day 02:00:00' },
      {
        type: 'timestamptz[]',
        text: '{2026-01-01T00:00:00Z}',
        as: [new Date('2026-01-01T00:00:00Z')],
      },
    ];
    it.each(read)('reads $type as the embedded driver does', async ({ type, text, as }) => {
      expect(await db.query(`SELECT $1::text::${type} AS v`, [text])).toEqual([{ v: as }]);
    });

    it('takes one statement at a time, also without values', async () => {
      await expect(db.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: '42601' });
    });

    it('runs statements that a body asks for at once one after the other', async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => warnings.push(warning);
      process.on('warning', onWarning);
      const results = await db.transaction((tx) =>
        Promise.all([1, 2, 3].map((n) => tx.query('SELECT $1::int AS n, pg_sleep(0.01)', [n]))),
      );
      expect(results.flat()).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
      // Warnings are emitted a tick later.
      await new Promise((resolve) => setImmediate(resolve));
      process.off('warning', onWarning);
      expect(warnings).toEqual([]);
    });

    it('refuses its own use inside a transaction', async () => {
      await expect(db.transaction(() => db.query('SELECT 1'))).rejects.toThrow(InternalError);
      await expect(db.transaction(() => db.transaction(async () => 1))).rejects.toThrow(
        /inside one of its own transactions/,
      );
    });

    it('does not use a connection again that was left in a transaction', async () => {
      const session = async () => (await db.query('SELECT pg_backend_pid() AS pid'))[0]?.pid;
      const before = await session();
      expect(await session()).toBe(before);
      await db.query('BEGIN');
      expect(await session()).not.toBe(before);
    });

    it('passes on what fails in the process itself', async () => {
      const circular: { self?: unknown } = {};
      circular.self = circular;
      await expect(db.query('SELECT $1::jsonb', [circular])).rejects.toThrow(TypeError);
      expect(await db.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
    });
  });
});
