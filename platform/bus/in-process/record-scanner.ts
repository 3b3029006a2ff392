import { open } from 'node:fs/promises';
import { decodeRecord, inspectRecord, type RecordShape, type StoredMessage } from './log-record.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Goes through the records of one file from a place on. It holds one chunk of the file, and no open
 * file: a deleted segment frees its disk space at once.
 */
export class RecordScanner {
  readonly #path: string;
  #buffer = Buffer.alloc(0);
  /** The part of the buffer that is loaded and not yet gone through. */
  #start = 0;
  #end = 0;
  #loadedTo: number;

  /** @param offset where a record starts */
  constructor(path: string, offset: number) {
    this.#path = path;
    this.#loadedTo = offset;
  }

  /** Where the next record starts in the file. */
  get offset(): number {
    return this.#loadedTo - (this.#end - this.#start);
  }

  /** Where in the file `load` goes on. */
  get loadedTo(): number {
    return this.#loadedTo;
  }

  /** What the loaded bytes hold next. */
  peek(): RecordShape {
    return inspectRecord(this.#buffer, this.#start, this.#end);
  }

  /** Passes over the record that `peek` found whole. */
  skip(bytes: number): void {
    this.#start += bytes;
  }

  /** Reads the record that `peek` found whole. */
  take(bytes: number): StoredMessage {
    const stored = decodeRecord(this.#buffer, this.#start, bytes);
    this.#start += bytes;
    return stored;
  }

  /**
   * Loads more of the file.
   *
   * @param needed bytes the next record takes
   * @param fileBytes where the file ends
   * @returns false when there was nothing more
   */
  async load(needed: number, fileBytes: number): Promise<boolean> {
    this.#makeRoom(needed);
    const bytes = Math.min(this.#buffer.length - this.#end, fileBytes - this.#loadedTo);
    const handle = await open(this.#path, 'r');
    try {
      const { bytesRead } = await handle.read(this.#buffer, this.#end, bytes, this.#loadedTo);
      this.#end += bytesRead;
      this.#loadedTo += bytesRead;
      return bytesRead > 0;
    } finally {
      await handle.close();
    }
  }

  #makeRoom(needed: number): void {
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const size = Math.max(needed, CHUNK_BYTES);
    // A buffer grown for one huge record is not kept for the small ones after it.
    const buffer = this.#buffer.length === size ? this.#buffer : Buffer.allocUnsafeSlow(size);
    rest.copy(buffer, 0);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = rest.length;
  }
}
