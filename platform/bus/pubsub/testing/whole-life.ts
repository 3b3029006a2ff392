import { openPubSubBus } from '../bus.ts';

/**
 * A process that opens a bus, uses it where it can and closes it. It must end by itself.
 *
 * Arguments: the emulator's host:port, which may be one where nobody listens.
 */
const bus = await openPubSubBus({
  projectId: 'whole-life',
  emulatorHost: process.argv[2] ?? '',
  createMissing: true,
  publishTimeoutMs: 500,
});
const outcome = await bus
  .publish('events', [{ data: '{}', attributes: {}, orderingKey: 'key' }])
  .then(
    () => 'published',
    () => 'not published',
  );
if (outcome === 'published') {
  await bus.createSubscription('events', 'reader');
  await bus.subscribe('events', 'reader', async () => {});
  await bus.watch('events', () => {});
}
await bus.close();
process.stdout.write(`${outcome}, closed\n`);
