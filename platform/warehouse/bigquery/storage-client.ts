import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
// Not by the package's own entry: that also loads its reader and Apache Arrow, some 75 ms at start.
import { BigQueryWriteClient } from '@google-cloud/bigquery-storage/build/src/v1/big_query_write_client.js';
import { clientOptions, type PlainEndpoint } from '#platform/google/client-options.ts';
import { ReadyClient } from '#platform/google/ready-client.ts';
import type { RowDescriptor } from './proto-rows.ts';
import type { TableField } from './schema-fault.ts';

/** What is sent: google.cloud.bigquery.storage.v1.AppendRowsRequest, as far as it is used. */
export interface AppendRequest {
  readonly writeStream: string;
  readonly traceId?: string;
  readonly protoRows: {
    readonly writerSchema?: { readonly protoDescriptor: RowDescriptor };
    readonly rows: { readonly serializedRows: readonly Uint8Array[] };
  };
}

/** What is answered: AppendRowsResponse, as far as it is read. */
export interface AppendAnswer {
  readonly appendResult?: object | null;
  readonly error?: {
    readonly code?: number | null;
    readonly message?: string | null;
    readonly details?: readonly AnyMessage[] | null;
  } | null;
  readonly rowErrors?: readonly RowError[] | null;
  readonly updatedSchema?: { readonly fields?: readonly TableField[] | null } | null;
}

/** google.protobuf.Any; gax names the type in one of two ways. */
export interface AnyMessage {
  readonly type_url?: string | null;
  readonly value?: Uint8Array | string | null;
}

export interface RowError {
  /** int64, which arrives as text. */
  readonly index?: number | string | { toString(): string } | null;
  readonly message?: string | null;
}

/** What is read of a WriteStream. */
interface StreamDescription {
  readonly tableSchema?: { readonly fields?: readonly TableField[] | null } | null;
}

/** A bidirectional AppendRows call; its readable side gives AppendAnswer. */
export interface AppendStream extends Duplex {
  cancel(): void;
}

/** Google's client of the Storage Write API. */
export class StorageClient {
  readonly #client: ReadyClient<BigQueryWriteClient>;

  /** @param endpoint where it talks to instead of Google, in plain text */
  constructor(projectId: string, endpoint: PlainEndpoint | undefined) {
    const options = {
      ...clientOptions(projectId, endpoint),
      // Measured with grpc-js 1.14: a peer that went away without a word is noticed by nothing else.
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 10_000,
      // Coming back after a short absence is what most failures are.
      'grpc.initial_reconnect_backoff_ms': 100,
    };
    this.#client = new ReadyClient(() => new BigQueryWriteClient(options));
  }

  /**
   * The columns of the table behind a stream.
   *
   * @throws the client's error; nothing is repeated
   */
  async tableFields(stream: string, timeoutMs: number): Promise<readonly TableField[]> {
    const client = await within(this.#client.get(), timeoutMs);
    const answers = await client.innerApiCalls.getWriteStream?.(
      { name: stream, view: 'FULL' },
      { timeout: Math.max(1, timeoutMs), retry: null, otherArgs: routing('name', stream) },
    );
    return (answers?.[0] as StreamDescription | undefined)?.tableSchema?.fields ?? [];
  }

  async openAppend(stream: string): Promise<AppendStream> {
    const client = await this.#client.get();
    return client.innerApiCalls.appendRows?.(null, { otherArgs: routing('write_stream', stream) });
  }

  async close(): Promise<void> {
    await this.#client.close().catch(() => undefined);
  }
}

/** Looking for credentials has no bound of its own. */
async function within<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  const aborter = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: aborter.signal }).then(() => {
    throw new Error(`Google's client was not ready within ${Math.round(timeoutMs)} ms.`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    aborter.abort();
  }
}

/**
 * Without this header calls may go to another region than the table's, which answers
 * PERMISSION_DENIED (googleapis/java-bigquerystorage#1017). The client adds it to unary calls only.
 */
function routing(field: string, stream: string) {
  return { headers: { 'x-goog-request-params': `${field}=${stream}` } };
}
