import { AsyncLocalStorage } from 'node:async_hooks';
import { join, resolve } from 'node:path';
import { DatabaseUnavailable, InternalError } from '#schemas/problems.ts';
import type { Database, Queryable } from '../database.ts';
import { applyMigrations, type ScriptRunner } from '../migrate.ts';
import { whileOpen } from '../while-open.ts';
import { ensureFolder } from './create-folder.ts';
import { Engine, type EngineOptions, IN_MEMORY } from './engine.ts';
import { Turns } from './turns.ts';

/**
 * `dir` is made when it is missing; one process at a time may have it open. ':memory:' is for tests.
 */
export interface PgliteOptions extends EngineOptions {
  /** Default `sql/postgres`. */
  readonly migrationsDir?: string;
  /** How long a statement or transaction waits for its turn. Default 10,000 ms. */
  readonly waitTimeoutMs?: number;
  /** How long a transaction may stay open before it is rolled back. Default 30,000 ms. */
  readonly transactionTimeoutMs?: number;
}

const MIGRATIONS_DIR = join(import.meta.dirname, '..', '..', '..', 'sql', 'postgres');
const MIGRATION_TIMEOUT_MS = 600_000;
const MAINTENANCE_WAIT_MS = 600_000;
/** A Postgres that stopped is not started again sooner than this. */
const RESTART_AFTER_MS = 1_000;

/**
 * Opens Postgres inside this process (PGlite), making its folder when it is missing: 3 to 4 s the
 * first time, in a process of its own, some 0.3 s afterwards.
 *
 * A commit is on the disk when it returns. Statements and transactions take turns: there is one
 * session. Inside a transaction's body only `tx` may be used; using the database itself there would
 * wait for the body's own end and is refused instead. A statement runs on the main thread and
 * cannot be interrupted: Postgres' own timeouts have no effect here, only the waits are bounded.
 *
 * Start node with `--liftoff-only`: without it V8's optimising compiler takes 600 MB more.
 *
 * @throws InvalidConfig when the folder holds something else
 * @throws DatabaseUnavailable when the database cannot be made or does not start
 */
export async function openPglite(options: PgliteOptions): Promise<Database> {
  const inMemory = options.dir === IN_MEMORY;
  const dir = inMemory ? IN_MEMORY : resolve(options.dir);
  if (!inMemory && !options.snapshot) await ensureFolder(dir);
  return new PgliteDatabase(await Engine.open({ ...options, dir }), { ...options, dir });
}

class PgliteDatabase implements Database {
  readonly #options: PgliteOptions;
  readonly #waitMs: number;
  readonly #turns = new Turns();
  /** Says whether code runs inside a transaction of this database that is still open. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  #engine: Engine;
  #restartAtMs = 0;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, options: PgliteOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#waitMs = options.waitTimeoutMs ?? 10_000;
  }

  query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#exclusive((engine) => engine.query<Row>(sql, values));
  }

  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    return this.#transaction(work, this.#options.transactionTimeoutMs ?? 30_000);
  }

  migrate(): Promise<void> {
    const target = {
      query: this.query.bind(this),
      transaction: <Result>(work: (tx: ScriptRunner) => Promise<Result>) =>
        this.#transaction(work, MIGRATION_TIMEOUT_MS),
    };
    return applyMigrations(target, this.#options.migrationsDir ?? MIGRATIONS_DIR);
  }

  close(): Promise<void> {
    this.#closed ??= this.#turns.idle().then(() => this.#engine.close());
    return this.#closed;
  }

  async #exclusive<Result>(work: (engine: Engine) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new DatabaseUnavailable('The database is closed.');
    if (this.#inside.getStore()?.open) {
      throw new InternalError(
        'The database was used inside one of its own transactions. Use the transaction that was handed to the body.',
      );
    }
    return this.#turns.take(async () => {
      const engine = await this.#running();
      const result = await work(engine);
      // Waited for by the next turn, not by this caller, whose work is done and confirmed.
      if (engine.maintenanceDue) this.#scheduleMaintenance();
      return result;
    }, this.#waitMs);
  }

  #scheduleMaintenance(): void {
    this.#turns
      .take(() => this.#engine.maintain(), MAINTENANCE_WAIT_MS)
      // Tried again after as much has been written; a full disk shows in the statements themselves.
      .catch(() => undefined);
  }

  #transaction<Result>(
    work: (tx: ScriptRunner) => Promise<Result>,
    timeoutMs: number,
  ): Promise<Result> {
    return this.#exclusive(async (engine) => {
      const state = { open: true };
      await engine.script('BEGIN');
      try {
        const body = this.#inside.run(state, () => work(transactionOf(engine, state)));
        const result = await inTime(body, timeoutMs);
        state.open = false;
        await commit(engine);
        return result;
      } catch (error) {
        state.open = false;
        // Without effect after a failed COMMIT; impossible, and needless, in an engine that died.
        await engine.script('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /** The engine, started anew when it has died: after a disk was full, for example. */
  async #running(): Promise<Engine> {
    if (!this.#engine.dead) return this.#engine;
    const { snapshot: _, ...options } = this.#options;
    if (Date.now() < this.#restartAtMs || options.dir === IN_MEMORY) {
      throw new DatabaseUnavailable('The database has stopped and restarts shortly. Retry then.');
    }
    this.#restartAtMs = Date.now() + RESTART_AFTER_MS;
    this.#engine = await Engine.open(options);
    return this.#engine;
  }
}

function transactionOf(engine: Engine, state: { readonly open: boolean }): ScriptRunner {
  return whileOpen(state, {
    query: (sql, values = []) => engine.query(sql, values),
    script: async (sql) => {
      await engine.script(sql);
    },
  });
}

async function commit(engine: Engine): Promise<void> {
  // Postgres answers a COMMIT after a failed statement with ROLLBACK and no error.
  if ((await engine.script('COMMIT')) === 'COMMIT') return;
  throw new InternalError(
    'The transaction was rolled back: a statement had failed and its body did not pass the error on.',
  );
}

async function inTime<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(
        new DatabaseUnavailable(
          `The transaction was open for ${timeoutMs} ms and is rolled back. Do slow work outside of transactions.`,
        ),
      ),
    timeoutMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
