import type { FileHandle } from 'node:fs/promises';
import { BusUnavailable } from '#schemas/problems.ts';
import { syncFolder } from './files.ts';

/** What a file has to offer. */
export type SyncedFile = Pick<FileHandle, 'datasync' | 'close'>;

/** Brings a log's files to the disk: in the background after writes, or at once when asked. */
export class LogSync {
  readonly #folder: string;
  readonly #intervalMs: number;
  readonly #warn: (text: string) => void;
  readonly #dirty = new Set<SyncedFile>();
  /** Takes no more writes; closed after its last sync. */
  readonly #retired = new Set<SyncedFile>();
  #newNames = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(folder: string, intervalMs: number, warn: (text: string) => void) {
    this.#folder = folder;
    this.#intervalMs = intervalMs;
    this.#warn = warn;
  }

  /** Notes a write that is not on the disk yet. */
  written(handle: SyncedFile): void {
    this.#dirty.add(handle);
    this.#timer ??= setTimeout(() => this.#inBackground(), this.#intervalMs).unref();
  }

  /** Notes a new file. */
  created(handle: SyncedFile): void {
    this.#newNames = true;
    this.written(handle);
  }

  /** Takes over a file that gets no more writes. */
  retire(handle: SyncedFile): void {
    this.#retired.add(handle);
    this.written(handle);
  }

  /** Returns once everything noted before the call is on the disk. @throws BusUnavailable */
  now(): Promise<void> {
    const run = this.#running.then(() => this.#run());
    this.#running = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.now();
    clearTimeout(this.#timer);
  }

  #inBackground(): void {
    this.#timer = undefined;
    this.now().catch((error: Error) => this.#warn(error.message));
  }

  async #run(): Promise<void> {
    const handles = [...this.#dirty];
    const newNames = this.#newNames;
    this.#dirty.clear();
    this.#newNames = false;
    try {
      await Promise.all(handles.map((handle) => handle.datasync()));
      if (newNames) await syncFolder(this.#folder);
    } catch (cause) {
      for (const handle of handles) this.written(handle);
      this.#newNames ||= newNames;
      throw new BusUnavailable(
        `The log in ${this.#folder} could not be synced to the disk. Check the disk.`,
        { cause },
      );
    }
    for (const handle of handles) {
      if (this.#retired.has(handle) && !this.#dirty.has(handle)) {
        this.#retired.delete(handle);
        await handle.close();
      }
    }
  }
}
