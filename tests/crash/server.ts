// The real server with one more consumer. Prints its address, then at every line of its standard
// input how many events have taken effect.
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { readConfig } from '#platform/config/config.ts';
import { startServer } from '#services/main.ts';
import { countingConsumer } from './counting-consumer.ts';

const consumer = countingConsumer();
const seen = new Set<string>();
const server = await startServer({
  config: readConfig(process.env),
  logger: pino({ level: 'warn' }, pino.destination(2)),
  consumers: [
    {
      ...consumer,
      handle: async (event, tx, handling) => {
        await consumer.handle(event, tx, handling);
        seen.add(event.event_id);
      },
    },
  ],
});
console.log(JSON.stringify({ url: server.url }));
createInterface({ input: process.stdin }).on('line', () =>
  console.log(JSON.stringify({ effects: seen.size })),
);
process.on('SIGTERM', () => {
  server.close().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
