import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  status as Code,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { GrpcStatus } from './grpc-status.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a request holds is known by its handler
type Message = any;

/** Answers one unary call. Throwing a GrpcStatus ends it with that status. */
export type UnaryHandler = (
  request: Message,
  metadata: Readonly<Record<string, string>>,
) => unknown;

/** Where the protocol of a service is declared: in the package of Google's own client. */
export interface ServiceSource {
  /** Such as `@google-cloud/secret-manager`. */
  readonly clientPackage: string;
  /** Below the package's `build/protos`. */
  readonly protoFile: string;
  /** Full name, such as `google.cloud.secretmanager.v1.SecretManagerService`. */
  readonly service: string;
}

export interface GrpcServerOptions {
  readonly source: ServiceSource;
  /** By method name as in the protocol, such as `GetSecret`. Others answer UNIMPLEMENTED. */
  readonly unary?: Readonly<Record<string, UnaryHandler>>;
  /** Streaming methods, as grpc-js calls them. Faults of `always` and `next` do not reach them. */
  readonly streaming?: Readonly<Record<string, UntypedHandleCall>>;
  /** Default: a free one. */
  readonly port?: number;
}

/** What is to go wrong with a call. */
export type Fault =
  | GrpcStatus
  /** Never answered. */
  | 'silent'
  /** Done, but its answer is lost: the caller sees UNAVAILABLE. */
  | 'answer lost'
  /** Done; changes the answer before it is sent, or holds it back. */
  | ((answer: Message) => Message);

export interface ReceivedCall {
  readonly method: string;
  readonly request: Message;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface GrpcServer {
  readonly endpoint: { readonly host: string; readonly port: number };
  /** The unary calls so far, faulty ones too. */
  readonly calls: readonly ReceivedCall[];
  /** Lets the next calls of a method go wrong, one by one. */
  next(method: string, ...faults: readonly Fault[]): void;
  /** Lets every call of a method go wrong, or of all methods (`*`), until `heal`. */
  always(method: string, fault: Fault): void;
  heal(): void;
  /** Cuts every connection and ends at once; calls under way see CANCELLED. */
  stop(): Promise<void>;
}

/**
 * Starts a server of one of Google's services on the loopback interface, in plain text. Its protocol
 * is that of the official client, read from the client's package.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { source, unary = {}, streaming = {}, port = 0 } = options;
  const definition = loadService(source);
  const calls: ReceivedCall[] = [];
  const nextFaults = new Map<string, Fault[]>();
  const faults = new Map<string, Fault>();
  const takeFault = (method: string) =>
    nextFaults.get(method)?.shift() ?? faults.get(method) ?? faults.get('*');

  const unaryHandler =
    (method: string, handler: UnaryHandler): handleUnaryCall<Message, Message> =>
    async (call, callback) => {
      const metadata = textOf(call.metadata.getMap());
      calls.push({ method, request: call.request, metadata });
      const fault = takeFault(method);
      if (fault === 'silent') return;
      try {
        if (fault instanceof GrpcStatus) throw fault;
        const answer = await handler(call.request, metadata);
        if (fault === 'answer lost') throw new GrpcStatus(Code.UNAVAILABLE, 'Connection reset');
        callback(null, fault ? await fault(structuredClone(answer)) : answer);
      } catch (error) {
        callback(
          error instanceof GrpcStatus ? error : new GrpcStatus(Code.INTERNAL, String(error)),
        );
      }
    };

  const handlers: Record<string, UntypedHandleCall> = { ...streaming };
  for (const [method, handler] of Object.entries(unary)) {
    handlers[method] = unaryHandler(method, handler);
  }
  const unknown = Object.keys(handlers).filter((method) => !(method in definition));
  if (unknown.length > 0) throw new Error(`${source.service} has no method ${unknown.join(', ')}.`);

  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(definition, handlers);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, taken) =>
      error ? reject(error) : resolve(taken),
    );
  });
  return {
    endpoint: { host: '127.0.0.1', port: bound },
    calls,
    next(method, ...more) {
      nextFaults.set(method, [...(nextFaults.get(method) ?? []), ...more]);
    },
    always(method, fault) {
      faults.set(method, fault);
    },
    heal() {
      faults.clear();
      nextFaults.clear();
    },
    async stop() {
      server.forceShutdown();
    },
  };
}

/** The methods of a service, with texts for int64 and enums, as Google's clients have them. */
export function loadService(source: ServiceSource): ServiceDefinition {
  const loaded = load(source)[source.service];
  if (loaded === undefined || !isService(loaded)) {
    throw new Error(`${source.protoFile} declares no service ${source.service}.`);
  }
  return loaded;
}

/** The names of a message's fields as in the protocol, such as `http_target`: what a mask may name. */
export function loadFields(source: ServiceSource, message: string): ReadonlySet<string> {
  const { type } = (load(source, true)[message] ?? {}) as { type?: { field?: { name: string }[] } };
  if (!type?.field) throw new Error(`${source.protoFile} declares no message ${message}.`);
  return new Set(type.field.map(({ name }) => name));
}

function load({ clientPackage, protoFile }: ServiceSource, keepCase = false): PackageDefinition {
  const manifest = createRequire(import.meta.url).resolve(`${clientPackage}/package.json`);
  // What the files import of google/api and google/rpc lies beside the client's own gax.
  const gax = createRequire(manifest).resolve('google-gax');
  return loadSync(protoFile, {
    includeDirs: [join(dirname(manifest), 'build/protos'), join(dirname(gax), '../protos')],
    keepCase,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}

function isService(definition: object): definition is ServiceDefinition {
  return Object.values(definition).every(
    (method: Partial<MethodDefinition<unknown, unknown>>) => typeof method.path === 'string',
  );
}

function textOf(metadata: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]));
}
