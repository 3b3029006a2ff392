/**
 * Publishes numbers until it is killed, and prints each one once its publish is confirmed.
 * Arguments: data folder, topic, subscription.
 */
import { writeSync } from 'node:fs';
import { openInProcessBus } from '../bus.ts';

const [dataDir = '', topic = '', subscription = ''] = process.argv.slice(2);
const bus = await openInProcessBus({ dataDir, segmentBytes: 100_000 });
await bus.createSubscription(topic, subscription);
await bus.subscribe(topic, subscription, async (delivery) => {
  // Confirmed in part and out of order, so that the kept cursor has something to say.
  if (Number(delivery.data) % 3 !== 0) throw new Error('left for after the crash');
});

const padding = 'x'.repeat(500);
let next = 0;
async function publishForEver(): Promise<never> {
  for (;;) {
    const number = next;
    next += 1;
    const attributes = { padding };
    await bus.publish(topic, [{ data: String(number), attributes, orderingKey: `${number}` }]);
    writeSync(1, `${number}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, publishForEver));
