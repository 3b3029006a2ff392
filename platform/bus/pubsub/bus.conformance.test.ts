import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { describeBus } from '../conformance.ts';
import { emulatedBus } from './testing/emulated-bus.ts';
import { PUBSUB_EMULATOR, type PubSubEmulator, startPubSubEmulator } from './testing/emulator.ts';

/**
 * Real: Google's client and Google's emulator. Every test has a project of its own, since Pub/Sub's
 * subscriptions are named by project and not by topic.
 */
describeWith(PUBSUB_EMULATOR, (jarPath) => {
  let emulator: PubSubEmulator;
  beforeAll(async () => {
    emulator = await startPubSubEmulator(jarPath);
  });
  afterAll(() => emulator.stop());

  describeBus('Pub/Sub', () => emulatedBus(emulator.host));
});
