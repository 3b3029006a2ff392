import { describe } from 'vitest';
import { openPostgres } from './postgres/postgres.ts';
import { describeOnPostgres } from './postgres/testing/suite.ts';
import { openTestDatabase, type TestDatabase } from './testing.ts';

export interface OpenOptions {
  /** Default `sql/postgres`. */
  readonly migrationsDir?: string;
}

/** Opens a migrated database of its own; in tests and hooks only. `close` also removes it. */
export type OpenDatabase = (options?: OpenOptions) => Promise<TestDatabase>;

/**
 * Declares a suite that only needs a Database for every driver: for PGlite, and for PostgreSQL where
 * the machine has it.
 *
 * @example
 * describeOnEachDatabase('store', (open) => {
 *   let database: TestDatabase;
 *   beforeAll(async () => {
 *     database = await open();
 *   });
 *   afterAll(() => database.close());
 */
export function describeOnEachDatabase(name: string, declare: (open: OpenDatabase) => void): void {
  describe(`${name} on PGlite`, () => declare(openTestDatabase));
  describeOnPostgres(`${name} on PostgreSQL`, {}, (server) =>
    declare(async ({ migrationsDir } = {}) => {
      const connection = await server().createDatabase({ migrated: migrationsDir === undefined });
      const db = openPostgres({ connection, migrationsDir });
      await db.migrate();
      return {
        db,
        async close() {
          await db.close();
          await server().dropDatabase(connection);
        },
      };
    }),
  );
}
