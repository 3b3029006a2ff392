import { join } from 'node:path';
import type { Bus } from '#platform/bus/bus.ts';
import { openInProcessBus } from '#platform/bus/in-process/bus.ts';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { rowToEvent } from '#services/outbox/event-row.ts';
import { readOutbox } from '#services/outbox/outbox-reader.ts';
import { publishEvents } from '#services/outbox/publish-events.ts';
import { ReplayStore } from '#services/replay/replay-store.ts';
import { ReplayRunner } from '#services/replay/runner.ts';

// Publishes a whole outbox again, in a process of its own: bench/republish.ts relay|replay DATA_DIR EVENTS.
// The bus has a durable subscription that nobody reads, so that each message is written to its log.
const [what = '', dataDir = '', wanted = '0'] = process.argv.slice(2);
const events = Number(wanted);
const RANGE = {
  received_from: '2026-01-31T00:00:00.000Z',
  received_to: '2026-03-01T00:00:00.000Z',
};
/** Where memory is looked at. */
const MARKS = [0.1, 0.5, 1];

const warehouse = await openDuckDbWarehouse({ dataDir });
const real = await openInProcessBus({
  dataDir: join(dataDir, `bus-${what}`),
  maxLogBytes: 64 * 1024 ** 3,
});
await real.createSubscription(EVENTS_TOPIC, 'bench-subscription');
const rssMb: number[] = [];
let published = 0;
const bus: Bus = {
  durable: real.durable,
  maxMessageBytes: real.maxMessageBytes,
  check: (topic) => real.check(topic),
  async publish(topic, messages) {
    await real.publish(topic, messages);
    published += messages.length;
    while (rssMb.length < MARKS.length && published >= events * (MARKS[rssMb.length] ?? 1)) {
      rssMb.push(process.memoryUsage().rss / 1e6);
    }
  },
  createSubscription: (...args) => real.createSubscription(...args),
  subscribe: (...args) => real.subscribe(...args),
  watch: (...args) => real.watch(...args),
  sync: () => real.sync(),
  close: () => real.close(),
};

const cpuBefore = process.cpuUsage();
const seconds = what === 'relay' ? await relay() : await replay();
const { user, system } = process.cpuUsage(cpuBefore);
const cpuSeconds = (user + system) / 1e6;
process.stdout.write(`${JSON.stringify({ published, seconds, cpuSeconds, rssMb })}\n`);
await real.close();
await warehouse.close();

/** As the relay does: a batch is confirmed before the next one. */
async function relay(): Promise<number> {
  const beganMs = performance.now();
  for await (const rows of readOutbox(warehouse, { from: RANGE.received_from })) {
    await publishEvents(bus, rows.map(rowToEvent), { carried_again: 'relay' });
  }
  return (performance.now() - beganMs) / 1_000;
}

/** The whole of it: the runner, its lease, the position saved in Postgres after each batch. */
async function replay(): Promise<number> {
  const database = await openPglite({ dir: join(dataDir, 'postgres') });
  await database.migrate();
  const store = new ReplayStore(database);
  const scope = { tenantId: 'bench', orgId: null };
  const { id } = await store.insert({
    ...scope,
    predicate: RANGE,
    predicateName: null,
    consumer: null,
    mode: 'missing',
    ratePerSecond: null,
    maxEvents: events,
    matched: events,
    createdBy: 'bench',
  });
  const onError = (message: string, error: unknown) =>
    process.stderr.write(`${message} ${error}\n`);
  const runner = new ReplayRunner({ bus, database, warehouse, process: 'bench', onError });
  const beganMs = performance.now();
  runner.start();
  while ((await store.get(scope, id)).state !== 'finished') {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const took = (performance.now() - beganMs) / 1_000;
  await runner.stop();
  await database.close();
  return took;
}
