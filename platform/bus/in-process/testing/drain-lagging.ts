/**
 * Lets a subscription fall far behind, drains it and prints what that took as JSON. No delivery
 * ends at first; then the first message of one key is held until all other keys' have come.
 * Arguments: data folder, number of messages.
 */
import { stat } from 'node:fs/promises';
import { openInProcessBus } from '../bus.ts';

const [dataDir = '', count = ''] = process.argv.slice(2);
const KEYS = 1_000;
const TOPIC = 'events';
const total = Number(count);
const data = 'x'.repeat(700);
const bus = await openInProcessBus({ dataDir });
await bus.createSubscription(TOPIC, 'reader');

for (let number = 0; number < total; number += 1_000) {
  const batch = Array.from({ length: 1_000 }, (_, index) => {
    return {
      data,
      attributes: { number: String(number + index) },
      orderingKey: `key${index % KEYS}`,
    };
  });
  await bus.publish(TOPIC, batch);
}

let peakBytes = 0;
const measure = () => {
  const { heapUsed, external } = process.memoryUsage();
  peakBytes = Math.max(peakBytes, heapUsed + external);
};
const others = Promise.withResolvers<void>();
const done = Promise.withResolvers<void>();
let delivered = 0;
const reading = Promise.withResolvers<void>();
const startMs = performance.now();
await bus.subscribe(TOPIC, 'reader', async (delivery) => {
  await reading.promise;
  if (delivery.messageId === '0') await others.promise;
  delivered += 1;
  if (delivered === total - total / KEYS) others.resolve();
  if (delivered % 1_000 === 0) measure();
  if (delivered === total) done.resolve();
});
// No delivery ends for as long as it takes to read most of the log: only a bound stops the reading.
for (let turn = 0; turn < 1_500; turn += 1) await stat(dataDir);
reading.resolve();
await done.promise;
const durationMs = Math.round(performance.now() - startMs);
await bus.close();
console.log(JSON.stringify({ delivered, durationMs, peakBytes }));
