import { once } from 'node:events';
import type { Subscription } from '@google-cloud/pubsub';
import type { ClientDuplexStream } from '@grpc/grpc-js';

/** What the client has inside, as of 6.3; absent before the first message handler. */
interface Inside {
  readonly _subscriber?: { readonly _stream?: MessageStream };
}

interface MessageStream {
  readonly _streams: {
    stream?: ClientDuplexStream<unknown, unknown> | undefined;
    receivedStatus?: boolean | undefined;
  }[];
  readonly _retrier: { close(): void };
  _clearAliveTimer(tracker: unknown): void;
}

/**
 * Ends pulling from this side and waits for Pub/Sub's own end, so that all it sent until then arrives.
 * The client's close cancels the call instead: what was on its way is then lost to everybody until its
 * ack deadline, 10 s later, while later messages of its key may be delivered. Measured with
 * @google-cloud/pubsub 6.3 and the emulator 0.8.20, which ends a pull 50 to 150 ms after it is asked.
 *
 * @param limitMs after it the call is cancelled as the client would
 * @returns false when it was
 */
export async function endPull(subscription: Subscription, limitMs: number): Promise<boolean> {
  const pulling = (subscription as unknown as Inside)._subscriber?._stream;
  if (!pulling) return true;
  // Nor may one that broke a moment ago come back.
  pulling._retrier.close();
  const calls = pulling._streams.flatMap((tracker) => {
    const { stream } = tracker;
    pulling._clearAliveTimer(tracker);
    // Else the client takes the end for one to mend, and pulls again.
    tracker.stream = undefined;
    tracker.receivedStatus = undefined;
    return stream ? [stream] : [];
  });
  const ends = await Promise.all(calls.map((call) => endCall(call, limitMs)));
  return ends.every(Boolean);
}

async function endCall(
  call: ClientDuplexStream<unknown, unknown>,
  limitMs: number,
): Promise<boolean> {
  let isCancelled = false;
  const cancel = setTimeout(() => {
    isCancelled = true;
    call.cancel();
  }, limitMs);
  const ended = once(call, 'status').catch(() => {});
  call.end();
  // The client pauses it while it holds as many messages as it may.
  call.resume();
  await ended;
  clearTimeout(cancel);
  return !isCancelled;
}
