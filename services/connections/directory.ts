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

/** An unknown id makes the directory look again, but not more often than this. */
const MISS_REFRESH_MS = 1_000;

/**
 * All connections in memory, so that the webhook path asks no database: it is read again in the
 * background, and goes on being served when the database is away. A flood of unknown ids costs one
 * read a second at most.
 */
export class ConnectionDirectory {
  readonly #options: DirectoryOptions;
  #connections: ReadonlyMap<string, LoadedConnection> = new Map();
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** The connection, from memory; undefined when it is not there. */
  peek(id: string): LoadedConnection | undefined {
    if (Date.now() - this.#loadedAtMs > (this.#options.refreshMs ?? 15_000)) {
      this.refresh().catch((error) =>
        this.#options.onError('Connections could not be read; the last copy is served.', error),
      );
    }
    return this.#connections.get(id);
  }

  /** The connection, after one more look at the database if it is not in memory. */
  async find(id: string): Promise<LoadedConnection | undefined> {
    const known = this.peek(id);
    if (known || Date.now() - this.#loadedAtMs < MISS_REFRESH_MS) return known;
    await this.refresh();
    return this.#connections.get(id);
  }

  /** Reads all connections now. Callers at the same time share one read. */
  refresh(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
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
