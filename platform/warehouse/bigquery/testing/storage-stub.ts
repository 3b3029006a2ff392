import { createRequire } from 'node:module';
import {
  type status as Code,
  loadPackageDefinition,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import type { PlainEndpoint } from '#platform/google/client-options.ts';
import type { FieldDescriptor } from '../proto-rows.ts';
import type { TableField } from '../schema-fault.ts';
import type { AppendAnswer } from '../storage-client.ts';

/** An append as the stub got it. */
export interface ReceivedAppend {
  /** Numbers connections and requests from 1. */
  readonly connection: number;
  readonly request: number;
  readonly writeStream: string;
  readonly traceId: string;
  readonly hasSchema: boolean;
  readonly sizeBytes: number;
  readonly rows: readonly Record<string, unknown>[];
  readonly routing: unknown;
  /** Answers it; nothing is answered by itself but what the script returns. */
  answer(answer: AppendAnswer): void;
  /** Ends its connection with a code. */
  end(code: Code, details?: string): void;
}

/** What to answer an append with; undefined is silence. */
export type Script = (append: ReceivedAppend) => AppendAnswer | undefined;

export const STORED: AppendAnswer = { appendResult: {} };

type WireRequest = {
  readonly writeStream: string;
  readonly traceId: string;
  readonly protoRows?: {
    readonly writerSchema?: { readonly protoDescriptor?: { readonly field: FieldDescriptor[] } };
    readonly rows?: { readonly serializedRows?: readonly Buffer[] };
  };
};
type Stream = ServerDuplexStream<WireRequest, AppendAnswer>;
type Describe = ServerUnaryCall<{ name: string }, object>;

const KINDS: Readonly<Record<number, string>> = { 3: 'int64', 5: 'int32', 8: 'bool', 9: 'string' };

/**
 * A small server of the Storage Write API, from the proto files of Google's client, for what the
 * emulator cannot do. It reads rows by the descriptor that the connection opened with, as BigQuery
 * does, and keeps those it answered with STORED.
 */
export class StorageStub {
  /** The columns it tells when it is asked for a stream. */
  fields: readonly TableField[];
  script: Script = () => STORED;
  /** Fails getWriteStream with this. */
  describeFailure: { readonly code: Code; readonly details: string } | undefined;
  readonly appends: ReceivedAppend[] = [];
  readonly stored: Record<string, unknown>[] = [];
  readonly describeRouting: unknown[] = [];
  connections = 0;
  /** Requests are counted but not kept, for runs of many. */
  keepsNothing = false;
  requests = 0;
  readonly #open = new Set<Stream>();
  #server: Server | undefined;
  #port = 0;

  constructor(fields: readonly TableField[]) {
    this.fields = fields;
  }

  get endpoint(): PlainEndpoint {
    return { host: '127.0.0.1', port: this.#port };
  }

  /** @param port where it was before; default a free one */
  async start(port = 0): Promise<this> {
    const server = new Server({ 'grpc.max_receive_message_length': -1 });
    server.addService(writeService(), {
      getWriteStream: (call: Describe, reply: sendUnaryData<object>) => this.#describe(call, reply),
      appendRows: (stream: Stream) => this.#append(stream),
    });
    const credentials = ServerCredentials.createInsecure();
    this.#port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    this.#server = server;
    return this;
  }

  /** Ends it at once, connections and all. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Ends all connections, as BigQuery does with idle ones. */
  endConnections(code: Code, details: string): void {
    for (const stream of this.#open) stream.emit('error', { code, details });
  }

  #describe(call: Describe, reply: sendUnaryData<object>): void {
    this.describeRouting.push(routing(call.metadata));
    if (this.describeFailure) reply(this.describeFailure);
    else reply(null, { name: call.request.name, tableSchema: { fields: this.fields } });
  }

  #append(stream: Stream): void {
    this.connections += 1;
    const connection = this.connections;
    let request = 0;
    let type: protobuf.Type | undefined;
    this.#open.add(stream);
    stream.on('error', () => this.#open.delete(stream));
    stream.on('close', () => this.#open.delete(stream));
    stream.on('cancelled', () => this.#open.delete(stream));
    stream.on('end', () => stream.end());
    stream.on('data', (message: WireRequest) => {
      request += 1;
      this.requests += 1;
      const descriptor = message.protoRows?.writerSchema?.protoDescriptor;
      if (request === 1) type = rowType(descriptor?.field ?? []);
      const encoded = message.protoRows?.rows?.serializedRows ?? [];
      const rowType_ = type as protobuf.Type;
      const received: ReceivedAppend = {
        connection,
        request,
        writeStream: message.writeStream,
        traceId: message.traceId,
        hasSchema: Boolean(descriptor),
        sizeBytes: encoded.reduce((sum, row) => sum + row.length, 0),
        rows: encoded.map((row) => rowType_.toObject(rowType_.decode(row), { longs: String })),
        routing: routing(stream.metadata),
        answer: (answer) => void stream.write(answer),
        end: (code, details = 'ended') => void stream.emit('error', { code, details }),
      };
      if (!this.keepsNothing) this.appends.push(received);
      const answer = this.script(received);
      if (!answer) return;
      if (answer === STORED && !this.keepsNothing) this.stored.push(...received.rows);
      stream.write(answer);
    });
  }
}

function rowType(fields: readonly FieldDescriptor[]): protobuf.Type {
  const type = new protobuf.Type('Row');
  for (const { name, number, type: kind, label } of fields) {
    const rule = label === 2 || String(label) === 'LABEL_REQUIRED' ? 'required' : 'optional';
    type.add(new protobuf.Field(name, number, KINDS[kind] ?? '', rule));
  }
  return type;
}

function routing(metadata: Metadata): unknown {
  return metadata.get('x-goog-request-params')[0];
}

interface Services {
  google: { cloud: { bigquery: { storage: { v1: { BigQueryWrite: { service: never } } } } } };
}

function writeService() {
  const require = createRequire(import.meta.url);
  const protos = require('@google-cloud/bigquery-storage/build/protos/protos.json');
  const definition = fromJSON(protos, { longs: String, defaults: true });
  const services = loadPackageDefinition(definition) as unknown as Services;
  return services.google.cloud.bigquery.storage.v1.BigQueryWrite.service;
}
