import type { Problem } from '#schemas/problem.ts';
import { unconfirmed } from './append-problems.ts';

/** Tag and length of a row inside a request (google.cloud.bigquery.storage.v1.ProtoRows). */
const ROW_FRAME_BYTES = 6;

/** Rows of one caller that go in one request, and the caller. Settled once, at its deadline at last. */
export class AppendCall {
  readonly rows: readonly Uint8Array[];
  /** Where the rows begin among those of the caller. */
  readonly firstRow: number;
  readonly sizeBytes: number;
  readonly endMs: number;
  readonly confirmed: Promise<void>;
  /** Why the last attempt failed. */
  lastFailure: unknown;
  #settle: ((problem?: Problem) => void) | undefined;

  /** @param endMs when its time is up, by `performance.now()` */
  constructor(piece: Piece, where: string, timeoutMs: number, endMs: number) {
    this.rows = piece.rows;
    this.firstRow = piece.firstRow;
    this.sizeBytes = piece.sizeBytes;
    this.endMs = endMs;
    this.confirmed = new Promise((resolve, reject) => {
      const late = () => this.fail(unconfirmed(where, timeoutMs, this.lastFailure));
      const timer = setTimeout(late, timeoutMs);
      this.#settle = (problem) => {
        clearTimeout(timer);
        if (problem) reject(problem);
        else resolve();
      };
    });
  }

  get isSettled(): boolean {
    return this.#settle === undefined;
  }

  succeed(): void {
    this.#end();
  }

  fail(problem: Problem): void {
    this.#end(problem);
  }

  #end(problem?: Problem): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(problem);
  }
}

/** Rows of one append that fit one request. */
export interface Piece {
  readonly rows: readonly Uint8Array[];
  readonly firstRow: number;
  readonly sizeBytes: number;
}

/** Cuts rows, in their order, into pieces of at most so many bytes; a longer row is a piece alone. */
export function cutRows(rows: readonly Uint8Array[], maxBytes: number): Piece[] {
  const pieces: Piece[] = [];
  let firstRow = 0;
  let sizeBytes = 0;
  for (const [index, row] of rows.entries()) {
    const rowBytes = row.length + ROW_FRAME_BYTES;
    if (index > firstRow && sizeBytes + rowBytes > maxBytes) {
      pieces.push({ rows: rows.slice(firstRow, index), firstRow, sizeBytes });
      firstRow = index;
      sizeBytes = 0;
    }
    sizeBytes += rowBytes;
  }
  pieces.push({ rows: rows.slice(firstRow), firstRow, sizeBytes });
  return pieces;
}

/**
 * How many calls at the head of a queue go into one request.
 *
 * @param maxBytes bound of what calls share; a longer one goes alone
 */
export function groupLength(queue: readonly AppendCall[], maxBytes: number): number {
  let sizeBytes = 0;
  for (const [index, call] of queue.entries()) {
    sizeBytes += call.sizeBytes;
    if (index > 0 && sizeBytes > maxBytes) return index;
  }
  return queue.length;
}
