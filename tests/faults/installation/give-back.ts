import { setTimeout as delay } from 'node:timers/promises';
import type { PubSub } from '@google-cloud/pubsub';

/** Answers at once that nobody is there; the emulator only has to give up its streams. */
const NOBODY = 'http://127.0.0.1:1/';
const SWITCH_MS = 500;

/**
 * Makes the emulator (0.8.20) do what Pub/Sub does when the ack deadline of a killed process is over:
 * give its messages, in order, to the next one. By itself it keeps some keys for the gone streams for
 * ever. A seek alone brings the messages back and leaves those keys stuck; a change to push and back
 * frees the keys and brings old messages behind new ones; a snapshot before, and a seek to it after
 * the change, do both. To be called while nobody is subscribed.
 */
export async function giveBack(pubsub: PubSub, name: string): Promise<void> {
  const subscription = pubsub.subscription(name);
  if (!(await subscription.exists())[0]) return;
  const snapshot = `given-back-${name}-${Date.now()}`;
  await subscription.createSnapshot(snapshot);
  await subscription.modifyPushConfig({ pushEndpoint: NOBODY });
  await delay(SWITCH_MS);
  await subscription.modifyPushConfig({});
  await subscription.seek(snapshot);
  await pubsub.snapshot(snapshot).delete();
}
