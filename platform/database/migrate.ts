import { Problem } from '#schemas/problem.ts';
import { InvalidConfig } from '#schemas/problems.ts';
import type { Queryable } from './database.ts';
import { type Migration, readMigrations } from './migration-files.ts';

/** One transaction that also takes several statements at once, as migrations are written. */
export interface ScriptRunner extends Queryable {
  /** Runs statements separated by semicolons, without values. */
  script(sql: string): Promise<void>;
}

/** What a driver lends to the migrations. */
export interface MigrationTarget extends Queryable {
  transaction<Result>(work: (tx: ScriptRunner) => Promise<Result>): Promise<Result>;
}

/** Key of the advisory lock; any constant does, as long as nothing else in the database uses it. */
const LOCK_KEY = 7_203_417_550;

const CREATE_LEDGER = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    file text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`;

interface Applied {
  readonly version: number;
  readonly file: string;
  readonly checksum: string;
}

/**
 * Applies the migrations that are missing, in order, each in a transaction of its own that also
 * records it. Processes that start together take turns: the lock is held per transaction, which
 * works through a connection pool too. Migrations the folder does not know are left alone, so an
 * older release can start on a newer schema.
 *
 * @param dir see readMigrations
 * @throws InvalidConfig when an applied file was changed since, or a migration fails
 * @throws DatabaseUnavailable when the database does not answer
 * @throws PermissionMissing when the role may not change the schema
 */
export async function applyMigrations(target: MigrationTarget, dir: string): Promise<void> {
  const migrations = await readMigrations(dir);
  await target.transaction(async (tx) => {
    await lock(tx);
    await tx.query(CREATE_LEDGER);
  });
  const applied = new Map<number, Applied>();
  for (const row of await target.query<Applied>(
    'SELECT version, file, checksum FROM schema_migrations',
  )) {
    applied.set(row.version, row);
  }
  for (const migration of migrations) {
    const earlier = applied.get(migration.version);
    if (earlier) refuseChanged(migration, earlier);
    else await target.transaction((tx) => applyOne(tx, migration));
  }
}

async function applyOne(tx: ScriptRunner, migration: Migration): Promise<void> {
  await lock(tx);
  // Another process may have applied it while this one waited for the lock.
  const [earlier] = await tx.query<Applied>(
    'SELECT version, file, checksum FROM schema_migrations WHERE version = $1',
    [migration.version],
  );
  if (earlier) {
    refuseChanged(migration, earlier);
    return;
  }
  try {
    await tx.script(migration.sql);
  } catch (cause) {
    // What the driver named is not the file's fault: no database, or no permission.
    if (cause instanceof Problem) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidConfig(
      `Migration ${migration.file} failed and was rolled back: ${reason}. Correct the file and start again.`,
      { cause },
    );
  }
  await tx.query('INSERT INTO schema_migrations (version, file, checksum) VALUES ($1, $2, $3)', [
    migration.version,
    migration.file,
    migration.checksum,
  ]);
}

function refuseChanged(migration: Migration, applied: Applied): void {
  if (migration.checksum === applied.checksum) return;
  throw new InvalidConfig(
    `Migration ${migration.file} was changed after it had been applied (as ${applied.file}). Restore the file as it was and put the change into a new migration with the next number.`,
  );
}

async function lock(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
}
