// Reconciles a data folder in a process of its own, on the drivers and settings of the product. Prints
// one line of JSON.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openInProcessBus } from '#platform/bus/in-process/bus.ts';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import { recordPassage } from '#services/proof/record-passage.ts';
import { Reconciler } from '#services/reconcile/reconciler.ts';
import { reconcileSettings } from '#services/reconcile/settings.ts';

const [dataDir = ''] = process.argv.slice(2);
const DAY_MS = 86_400_000;
const onError = (message: string, error: unknown) => console.error(message, error);

await using stack = new AsyncDisposableStack();
const close = (one: { close(): Promise<void> }) => one.close();
const warehouse = stack.adopt(await openDuckDbWarehouse({ dataDir, onError }), close);
const database = stack.adopt(await openPglite({ dir: join(dataDir, 'postgres') }), close);
const bus = stack.adopt(await openInProcessBus({ dataDir: join(dataDir, 'bus') }), close);
await database.migrate();
const recorder = stack.adopt(await recordPassage({ bus, warehouse, onError }), close);
const settings = reconcileSettings({ platform: 'embedded' });
const log = { info: () => undefined };
const parts = { bus, warehouse, database, settings, ledgerDays: 14, log, onError };
const reconciler = new Reconciler(parts);
// As after a stop of a day.
await database.query(
  `INSERT INTO reconcile_progress (name, since, published_through, appended_through)
   VALUES ('integration-events', $1, $2, $2)`,
  [new Date(Date.now() - 3 * DAY_MS).toISOString(), new Date(Date.now() - DAY_MS).toISOString()],
);

const measure = async () => {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const { report } = await reconciler.run({ kind: 'scheduled' });
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { report, seconds, cpuSeconds: (user + system) / 1e6 };
};
const first = await measure();
// What it published again is recorded meanwhile, at the latest when the recorder closes.
await recorder.close();
const second = await measure();
const peakKib = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
console.log(JSON.stringify({ first, second, peakMb: (Number(peakKib) * 1_024) / 1e6 }));
