import { credentials } from '@grpc/grpc-js';

/** Host and port of something spoken to in plain text, without credentials. For tests. */
export interface PlainEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Stands for Google's credentials where none are wanted: nothing is looked up, nothing is sent. */
const NO_CREDENTIALS = { getUniverseDomain: async () => 'googleapis.com' };

/**
 * Options for the constructor of one of Google's gRPC clients.
 *
 * @param endpoint where it talks to instead of Google
 */
export function clientOptions(projectId: string, endpoint: PlainEndpoint | undefined) {
  return {
    projectId,
    // Measured with grpc-js 1.14: left alone, the wait between attempts to connect grows to two
    // minutes, and so would the time until we see that Google is back.
    'grpc.max_reconnect_backoff_ms': 5_000,
    ...(endpoint && {
      apiEndpoint: endpoint.host,
      port: endpoint.port,
      sslCreds: credentials.createInsecure(),
      // The clients ask their credentials for the universe domain, also with sslCreds given.
      auth: NO_CREDENTIALS as never,
    }),
  };
}
