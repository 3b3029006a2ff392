import { PGlite, types } from '@electric-sql/pglite';
import { DatabaseUnavailable } from '#schemas/problems.ts';
import { forgetValues } from '../forget-values.ts';
import { meansUnavailable, sqlStateOf } from '../sqlstate.ts';
import { DurableFs, type DurableFsOptions } from './durable-fs.ts';
import { maintain } from './maintenance.ts';
import { CHECKPOINT_AFTER_WAL_BYTES, INITDB_PARAMS, START_PARAMS } from './settings.ts';

const asText = (text: string): string => text;
/** Types JavaScript numbers cannot hold come back as they are written. */
const PARSERS = { [types.NUMERIC]: asText, [types.INT8]: asText };

/** After this severity Postgres has stopped; PGlite would loop for ever on the next statement. */
const DEADLY: ReadonlySet<unknown> = new Set(['FATAL', 'PANIC']);

/** A database that lives and ends with its process. */
export const IN_MEMORY = ':memory:';

export interface EngineOptions extends DurableFsOptions {
  /** Folder of the database, or ':memory:'. */
  readonly dir: string;
  /** Tar archive of a data folder that a new database starts from, instead of initdb. */
  readonly snapshot?: Blob;
}

/** One running Postgres. Once it is `dead` it must not be touched again, not even to close it. */
export class Engine {
  readonly #pglite: PGlite;
  /** Undefined in memory. */
  readonly #files: DurableFs | undefined;
  #dead = false;

  private constructor(pglite: PGlite, files: DurableFs | undefined) {
    this.#pglite = pglite;
    this.#files = files;
  }

  /** Opens the folder, recovering what an earlier process left. @throws DatabaseUnavailable */
  static async open({ dir, snapshot, ...options }: EngineOptions): Promise<Engine> {
    const files = dir === IN_MEMORY ? undefined : new DurableFs(dir, options);
    try {
      const pglite = await PGlite.create({
        ...(files ? { fs: files } : {}),
        ...(snapshot ? { loadDataDir: snapshot } : {}),
        initDbStartParams: [...INITDB_PARAMS],
        startParams: [...START_PARAMS],
        parsers: PARSERS,
      });
      return new Engine(pglite, files);
    } catch (cause) {
      throw new DatabaseUnavailable(
        `The database in ${dir} does not start. Check the free space and the health of the disk; if both are well, restore the folder from a backup.`,
        { cause },
      );
    }
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** True when enough was written that `maintain` is due. */
  get maintenanceDue(): boolean {
    return (this.#files?.walBytes ?? 0) >= CHECKPOINT_AFTER_WAL_BYTES;
  }

  /** Runs one statement with values. */
  query<Row>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#use(async () => (await this.#pglite.query<Row>(sql, [...values])).rows);
  }

  /** Runs statements separated by semicolons. @returns the name of the command run last */
  script(sql: string): Promise<string | undefined> {
    return this.#use(async () => (await this.#pglite.exec(sql)).at(-1)?.command);
  }

  async maintain(): Promise<void> {
    this.#files?.resetWalBytes();
    await this.#use(() => maintain(this.#pglite));
  }

  /** A tar archive of the data folder, for `snapshot`. */
  takeSnapshot(): Promise<Blob> {
    return this.#use(async () => {
      await this.#pglite.exec('CHECKPOINT');
      return this.#pglite.dumpDataDir('none');
    });
  }

  async close(): Promise<void> {
    if (!this.#dead) await this.#pglite.close();
  }

  async #use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#dead) throw new DatabaseUnavailable('The database has stopped. Retry shortly.');
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): unknown {
    const sqlState = sqlStateOf(error);
    if (sqlState === undefined && !isTrap(error)) return error;
    if (sqlState === undefined || DEADLY.has((error as { severity?: unknown }).severity)) {
      this.#dead = true;
    }
    forgetValues(error as Error);
    if (!this.#dead && sqlState !== undefined && !meansUnavailable(sqlState)) return error;
    return new DatabaseUnavailable(
      `The database could not serve the statement (${sqlState ?? 'it crashed'}). Check the free space and the health of the disk that holds the data folder, then retry.`,
      { cause: error },
    );
  }
}

/** WebAssembly gave up. By name, as the class is not among Node's types. */
function isTrap(error: unknown): boolean {
  return error instanceof Error && error.name === 'RuntimeError';
}
