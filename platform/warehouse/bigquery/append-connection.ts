import { status as Code } from '@grpc/grpc-js';
import type { RowDescriptor } from './proto-rows.ts';
import type { AppendAnswer, AppendRequest, AppendStream } from './storage-client.ts';

/** Ends an append whose connection went away or was silent; `code` as gRPC numbers it. */
export class ConnectionFailure extends Error {
  readonly code: Code;

  constructor(message: string, code: Code) {
    super(message);
    this.name = 'ConnectionFailure';
    this.code = code;
  }
}

export interface AppendConnectionOptions {
  /** `projects/P/datasets/D/tables/T/streams/_default` */
  readonly writeStream: string;
  readonly descriptor: RowDescriptor;
  readonly open: () => Promise<AppendStream>;
  /** Called when it is lost, in use or idle. */
  readonly onLost: () => void;
}

interface Waiting {
  readonly resolve: (answer: AppendAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One connection of the Storage Write API with one append in flight. Answers carry no number, so the
 * next answer can only be that of the one append, and whatever leaves that in doubt, such as an
 * append that is given up, ends the connection. It opens when it is needed.
 */
export class AppendConnection {
  readonly #options: AppendConnectionOptions;
  #stream: AppendStream | undefined;
  #waiting: Waiting | undefined;

  constructor(options: AppendConnectionOptions) {
    this.#options = options;
  }

  /**
   * Sends rows and waits for the answer, whatever it says.
   *
   * @throws ConnectionFailure, or the client's error; then the connection is gone
   */
  async append(rows: readonly Uint8Array[], timeoutMs: number): Promise<AppendAnswer> {
    if (this.#waiting) throw new Error('An append is in flight on this connection.');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `There was no answer to an append within ${Math.round(timeoutMs)} ms.`;
        this.drop(new ConnectionFailure(message, Code.DEADLINE_EXCEEDED));
      }, timeoutMs);
      const waiting: Waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting = waiting;
      this.#send(rows, waiting).catch((error) => {
        if (this.#waiting === waiting) this.#waiting = undefined;
        waiting.reject(error);
      });
    });
  }

  /**
   * Ends it at once; the next append opens another.
   *
   * @param reason what an append in flight fails with
   */
  drop(reason: Error = new ConnectionFailure('The connection was ended.', Code.CANCELLED)): void {
    const stream = this.#stream;
    this.#lost(stream, reason);
    stream?.cancel();
  }

  async #send(rows: readonly Uint8Array[], waiting: Waiting): Promise<void> {
    const { writeStream, descriptor } = this.#options;
    const protoRows = { rows: { serializedRows: rows } };
    let request: AppendRequest = { writeStream, protoRows };
    if (!this.#stream) {
      const stream = await this.#options.open();
      this.#listen(stream);
      // Given up while it opened.
      if (this.#waiting !== waiting) return stream.cancel();
      this.#stream = stream;
      // Google's proto: the schema belongs to the first request, and is ignored in any other.
      const writerSchema = { protoDescriptor: descriptor };
      request = { writeStream, traceId: 'tributary', protoRows: { ...protoRows, writerSchema } };
    }
    this.#stream.write(request);
  }

  #listen(stream: AppendStream): void {
    stream.on('data', (answer: AppendAnswer) => {
      if (stream !== this.#stream) return;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting) waiting.resolve(answer);
      // More answers than appends: another could come when the next append is in flight.
      else this.drop();
    });
    // Always listened to: an error event that nobody hears ends the process.
    stream.on('error', (error) => this.#lost(stream, error));
    const closed = () =>
      this.#lost(stream, new ConnectionFailure('The connection was closed.', Code.UNAVAILABLE));
    stream.on('close', closed);
    // The error that says why comes after the end.
    stream.on('end', () => setImmediate(closed));
  }

  /** @param stream what was lost; one that was given up before means nothing any more */
  #lost(stream: AppendStream | undefined, error: unknown): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
    if (stream) this.#options.onLost();
  }
}
