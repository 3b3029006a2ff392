import { type ClientConfig, PubSub, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import { InvalidConfig } from '#schemas/problems.ts';

export interface ClientOptions {
  readonly projectId: string;
  /** host:port of an emulator, spoken to in plain text without credentials. */
  readonly emulatorHost?: string;
}

export interface Clients {
  /** The generated client: publishing through it takes two thirds of the CPU of the hand-written one. */
  readonly publisher: InstanceType<typeof v1.PublisherClient>;
  /** The hand-written client, for subscriptions: it opens nothing until it is used. */
  readonly pubsub: PubSub;
  close(): Promise<void>;
}

const ENDPOINT = 'pubsub.googleapis.com';
const HTTPS_PORT = 443;

/** Options of grpc-js. The client's own defaults are for programs that may wait for minutes. */
const CHANNEL: Readonly<Record<`grpc.${string}`, number>> = {
  // A connection that swallows requests is noticed after 70 s, not after the kernel's 15 minutes.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // What was away for an hour is found again in seconds, not in grpc's two minutes.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.max_metadata_size': 4 * 1024 ** 2,
  // Neither is used here; without them a publish takes about a tenth less CPU.
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
};

/**
 * Makes Google's clients. Nothing is sent; credentials are looked up now, since a client that finds
 * none later throws where nobody can catch it (measured with 6.3.0).
 *
 * @throws InvalidConfig when there are no credentials, or the emulator's address makes no sense
 */
export async function makeClients({ projectId, emulatorHost }: ClientOptions): Promise<Clients> {
  const [servicePath, port] = emulatorHost ? parseHost(emulatorHost) : [ENDPOINT, HTTPS_PORT];
  const plain = emulatorHost
    ? {
        sslCreds: credentials.createInsecure(),
        // Else the client asks the metadata server which universe it is in.
        clientOptions: { universeDomain: 'googleapis.com' },
      }
    : {};
  const publisher = new v1.PublisherClient({ ...CHANNEL, ...plain, projectId, servicePath, port });
  const config: ClientConfig = {
    ...CHANNEL,
    ...plain,
    projectId,
    // Always given, so that the client reads no environment; with the port, which it would lose.
    apiEndpoint: `${servicePath}:${port}`,
    emulatorMode: emulatorHost !== undefined,
  };
  const pubsub = new PubSub(config);
  try {
    await publisher.initialize();
  } catch (cause) {
    throw new InvalidConfig(
      'No Google credentials were found for Pub/Sub: run as a service account, or log in with "gcloud auth application-default login".',
      { cause },
    );
  }
  return {
    publisher,
    pubsub,
    close: async () => {
      await pubsub.close();
      await publisher.close();
    },
  };
}

function parseHost(hostAndPort: string): [string, number] {
  const match = /^([\w.-]+):(\d+)$/.exec(hostAndPort);
  if (match?.[1] === undefined) {
    throw new InvalidConfig(
      `The Pub/Sub emulator's address must be host:port, not ${hostAndPort}.`,
    );
  }
  return [match[1], Number(match[2])];
}
