import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Connection, LoadedConnection } from './connection.ts';

export interface DirectoryOptions {
  /** Reads all connections there are. */
  readonly load: () => Promise<Connection[]>;
  readonly adapters: ReadonlyMap<string, Adapter>;
  /** Age at which the copy is read anew in the background. Default 15,000 ms. */
  readonly refreshMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

/** An unknown id or a failed read makes the directory look again, but not more often than this. */
const LOOK_AGAIN_MS = 1_000;

/**
 * All connections in memory, so that the webhook path asks no database: it is read again in the
 * background, and goes on being served when the database is away. A flood of unknown ids costs one
 * read a second at most.
 */
export class ConnectionDirectory {
  readonly #options: DirectoryOptions;
  #connections: ReadonlyMap<string, LoadedConnection> = new Map();
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  /** When the last read began, and why it failed, if it did. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;
  #reading: Promise<void> | undefined;
  #nextRead: Promise<void> | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** The connection, from memory; undefined when it is not there. */
  peek(id: string): LoadedConnection | undefined {
    const nowMs = Date.now();
    const isOld = nowMs - this.#loadedAtMs > (this.#options.refreshMs ?? 15_000);
    if (isOld && !this.#readUnderWay && nowMs - this.#lookedAtMs >= LOOK_AGAIN_MS) {
      this.refresh().catch((error) =>
        this.#options.onError('Connections could not be read; the last copy is served.', error),
      );
    }
    return this.#connections.get(id);
  }

  /**
   * The connection, after one more look at the database if it is not in memory.
   *
   * @throws the error of the database when it cannot be told whether the connection exists
   */
  async find(id: string): Promise<LoadedConnection | undefined> {
    const known = this.peek(id);
    if (known) return known;
    if (this.#readUnderWay) await this.#readUnderWay;
    else if (Date.now() - this.#lookedAtMs >= LOOK_AGAIN_MS) await this.refresh();
    else if (this.#failure) throw this.#failure.error;
    return this.#connections.get(id);
  }

  /** Reads all connections as they are now. Callers at the same time share one read. */
  refresh(): Promise<void> {
    // A read under way may have begun before the caller's own change: one more follows it.
    this.#nextRead ??= Promise.resolve(this.#reading)
      .catch(() => undefined)
      .then(() => this.#read());
    return this.#nextRead;
  }

  get #readUnderWay(): Promise<void> | undefined {
    return this.#reading ?? this.#nextRead;
  }

  #read(): Promise<void> {
    this.#nextRead = undefined;
    this.#lookedAtMs = Date.now();
    this.#reading = this.#load()
      .then(
        () => {
          this.#failure = undefined;
        },
        (error: unknown) => {
          this.#failure = { error };
          throw error;
        },
      )
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const rows = await this.#options.load();
    const loaded = new Map<string, LoadedConnection>();
    for (const row of rows) {
      const connection = this.#bind(row);
      if (connection) loaded.set(row.id, connection);
    }
    this.#connections = loaded;
    this.#loadedAtMs = Date.now();
  }

  #bind(row: Connection): LoadedConnection | undefined {
    const before = this.#connections.get(row.id);
    if (before && before.updatedAt === row.updatedAt) return { ...row, bound: before.bound };
    try {
      const adapter = this.#options.adapters.get(row.provider);
      if (!adapter) throw new Error(`there is no adapter ${row.provider}`);
      const bound = adapter.bind(adapter.settingsSchema.parse(row.settings));
      return { ...row, bound };
    } catch (error) {
      // One broken connection must not take the others away.
      this.#options.onError(`Connection ${row.id} cannot be used; correct its settings.`, error);
      return undefined;
    }
  }
}
