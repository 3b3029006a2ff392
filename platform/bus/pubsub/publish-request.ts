import { status } from '@grpc/grpc-js';
import { BusUnavailable } from '#schemas/problems.ts';
import type { Clients } from './clients.ts';
import { translateError } from './errors.ts';
import type { WireMessage } from './message-limits.ts';
import type { Resources } from './resources.ts';

export interface PublishRequestOptions {
  readonly client: Clients['publisher'];
  readonly resources: Resources;
  /** Short name. */
  readonly topic: string;
  readonly timeoutMs: number;
}

/**
 * What may pass by within the deadline: Google's list for Publish, without DEADLINE_EXCEEDED, as
 * the deadline is the whole time there is.
 */
const RETRIED = [
  status.CANCELLED,
  status.UNKNOWN,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
];

/** Makes the function that sends publish requests to one topic, in bounded time. */
export function publishRequests({ client, resources, topic, timeoutMs }: PublishRequestOptions) {
  const resource = resources.names.topic(topic);
  // One object for all requests. The client writes into it, but the same each time.
  const callOptions = {
    // Without it the client would wait for 60 s (measured with 6.3.0).
    timeout: timeoutMs,
    retry: {
      retryCodes: RETRIED,
      backoffSettings: {
        initialRetryDelayMillis: 50,
        retryDelayMultiplier: 2,
        maxRetryDelayMillis: 500,
        initialRpcTimeoutMillis: timeoutMs,
        rpcTimeoutMultiplier: 1,
        maxRpcTimeoutMillis: timeoutMs,
        totalTimeoutMillis: timeoutMs,
      },
    },
  };
  const request = async (messages: WireMessage[]) => {
    const [response] = await client.publish({ topic: resource, messages }, callOptions);
    const confirmed = response.messageIds?.length ?? 0;
    if (confirmed === messages.length) return;
    throw new BusUnavailable(
      `Pub/Sub confirmed ${confirmed} of ${messages.length} messages for ${resource}.`,
      { retryAfterSeconds: 5 },
    );
  };
  /** @throws the Problem that says why the messages are not confirmed */
  return async (messages: WireMessage[]): Promise<void> => {
    try {
      await resources.withTopic(topic, () => request(messages));
    } catch (error) {
      throw translateError(error, { operation: 'publish', resource });
    }
  };
}
