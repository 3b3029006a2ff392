import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { DatabaseUnavailable, InternalError } from '#schemas/problems.ts';
import type { Database, Queryable } from '../database.ts';
import { forgetValues } from '../forget-values.ts';
import { applyMigrations, type ScriptRunner } from '../migrate.ts';
import { CloudSqlAccess } from './cloud-sql.ts';
import { connectError, type Target } from './errors.ts';
import { type Limits, limitsOf, type PostgresOptions, placeOf, poolConfig } from './options.ts';
import { Session } from './session.ts';
import { commit, rowsOf, transactionOf } from './transaction.ts';
import { VALUE_PARSERS } from './value-parsers.ts';

const MIGRATIONS_DIR = join(import.meta.dirname, '..', '..', '..', 'sql', 'postgres');
const MIGRATION_TIMEOUT_MS = 600_000;

/**
 * What a migration needs besides: time, also to wait for another process that migrates; and that the
 * server notices when this process is killed, or the lock would be held until the statement ends.
 */
const FOR_MIGRATIONS = `
  SET LOCAL statement_timeout = ${MIGRATION_TIMEOUT_MS};
  SET LOCAL client_connection_check_interval = 1000`;

/**
 * A Postgres server, version 15 or newer, by a pool of connections; or an instance of Cloud SQL with
 * an IAM login. Connections are made at the first use and made anew after they were lost, so opening
 * does not depend on the server.
 *
 * Inside a transaction's body only `tx` may be used, as in the embedded driver: the database itself
 * would take a second connection there and, with all of them in bodies, wait for ever.
 *
 * Besides what the interface says, statements throw PermissionMissing when the login or a grant is
 * missing and ResourceMissing when the database is. No error holds a value of a statement.
 */
export function openPostgres(options: PostgresOptions): Database {
  return new PostgresDatabase(options);
}

class PostgresDatabase implements Database {
  readonly #pool: Pool;
  readonly #cloudSql: CloudSqlAccess | undefined;
  readonly #limits: Limits;
  readonly #target: Target;
  readonly #migrationsDir: string;
  /** Says whether code runs inside a transaction of this database that is still open. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  readonly #sessions = new Set<Session>();
  readonly #underWay = new Set<Promise<unknown>>();
  #migrating: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: PostgresOptions) {
    const { connection } = options;
    this.#limits = limitsOf(options);
    this.#target = {
      ...this.#limits,
      place: placeOf(connection),
      role: connection.user,
      database: connection.database,
    };
    this.#migrationsDir = options.migrationsDir ?? MIGRATIONS_DIR;
    if ('cloudSqlInstance' in connection) {
      this.#cloudSql = new CloudSqlAccess(connection, options.makeConnector);
    }
    this.#pool = new Pool(
      poolConfig(connection, this.#limits, VALUE_PARSERS, this.#cloudSql?.stream),
    );
    this.#pool.on('error', (error) => {
      options.onError?.(
        `An unused connection to Postgres at ${this.#target.place} was lost. It is replaced when one is needed.`,
        forgetValues(error),
      );
    });
  }

  query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#withSession((session) => rowsOf<Row>(session, sql, values));
  }

  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    return this.#transaction(work);
  }

  /** Calls at the same time in one process are one. */
  migrate(): Promise<void> {
    this.#migrating ??= this.#migrate().finally(() => {
      this.#migrating = undefined;
    });
    return this.#migrating;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #migrate(): Promise<void> {
    const target = {
      query: this.query.bind(this),
      transaction: <Result>(work: (tx: ScriptRunner) => Promise<Result>) =>
        this.#transaction(work, MIGRATION_TIMEOUT_MS),
    };
    return applyMigrations(target, this.#migrationsDir);
  }

  /** @param migrationTimeoutMs given for a migration's transaction */
  #transaction<Result>(
    work: (tx: ScriptRunner) => Promise<Result>,
    migrationTimeoutMs?: number,
  ): Promise<Result> {
    return this.#withSession(async (session) => {
      const state = { open: true };
      await session.run({ text: 'BEGIN' });
      try {
        if (migrationTimeoutMs !== undefined) await session.run({ text: FOR_MIGRATIONS });
        const tx = transactionOf(session, state, migrationTimeoutMs);
        const result = await session.orLost(this.#inside.run(state, () => work(tx)));
        state.open = false;
        await commit(session);
        return result;
      } catch (error) {
        state.open = false;
        if (!session.broken) await session.run({ text: 'ROLLBACK' }).catch(() => undefined);
        throw error;
      }
    });
  }

  #withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const done = this.#inSession(work);
    const forget = () => this.#underWay.delete(done);
    this.#underWay.add(done);
    done.then(forget, forget);
    return done;
  }

  async #inSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw closedError();
    if (this.#inside.getStore()?.open) {
      throw new InternalError(
        'The database was used inside one of its own transactions. Use the transaction that was handed to the body.',
      );
    }
    const session = await this.#connect();
    try {
      return await work(session);
    } finally {
      this.#sessions.delete(session);
      session.release();
    }
  }

  async #connect(): Promise<Session> {
    await this.#cloudSql?.prepare(this.#limits.connectTimeoutMs);
    try {
      const session = new Session(await this.#pool.connect(), this.#target);
      this.#sessions.add(session);
      return session;
    } catch (error) {
      throw connectError(error, this.#target);
    }
  }

  async #close(): Promise<void> {
    const { closeTimeoutMs } = this.#limits;
    await inTime(Promise.allSettled(this.#underWay), closeTimeoutMs);
    for (const session of this.#sessions) session.abort(closedError());
    // What is still connecting has the connect timeout; nothing else keeps the pool.
    await inTime(this.#pool.end(), closeTimeoutMs);
    this.#cloudSql?.close();
  }
}

function closedError(): DatabaseUnavailable {
  return new DatabaseUnavailable('The database is closed.');
}

/** Waits for `work`, but no longer than this. */
async function inTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  timer.abort();
}
