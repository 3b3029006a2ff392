import { fsyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The part of Emscripten's file system that is changed here. */
interface NodeStream {
  readonly nfd: number;
  readonly path?: string;
}
interface NodeStreamOps {
  fsync?: (stream: NodeStream) => number;
  write: (stream: NodeStream, ...rest: unknown[]) => number;
}
interface EmscriptenModule {
  readonly NODEFS: { readonly stream_ops: NodeStreamOps };
  readonly FS: { readonly ErrnoError: new (errno: number) => Error };
}

/** Emscripten's EIO (WASI numbering). */
const EIO = 29;
const WAL_FOLDER = '/pglite/data/pg_wal/';

export interface DurableFsOptions {
  /** Writes a file's pages to the disk, by descriptor. Tests put a failing or empty one here. */
  readonly syncFile?: (fd: number) => void;
}

/**
 * PGlite's file system for Node, made durable. As delivered (0.5.16) it has no fsync: Postgres asks
 * for it and gets "done" while the pages are still in the operating system's memory, so a commit
 * survives the death of the process but not the loss of power.
 */
export class DurableFs extends NodeFS {
  readonly #syncFile: (fd: number) => void;
  #walBytes = 0;

  constructor(dir: string, options: DurableFsOptions = {}) {
    super(dir);
    this.#syncFile = options.syncFile ?? fsyncSync;
  }

  /** Bytes written to the WAL since this was last asked to reset. */
  get walBytes(): number {
    return this.#walBytes;
  }

  resetWalBytes(): void {
    this.#walBytes = 0;
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const preRun = [
      ...(emscriptenOpts.preRun ?? []),
      (module: unknown) => this.#makeDurable(module as EmscriptenModule),
    ];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }

  #makeDurable(module: EmscriptenModule): void {
    const operations = module.NODEFS.stream_ops;
    operations.fsync = ({ nfd }) => {
      try {
        this.#syncFile(nfd);
        return 0;
      } catch {
        throw new module.FS.ErrnoError(EIO);
      }
    };
    const write = operations.write;
    operations.write = (stream, ...rest) => {
      const written = write(stream, ...rest);
      if (stream.path?.startsWith(WAL_FOLDER)) this.#walBytes += written;
      return written;
    };
  }
}
