import type { Database } from '#platform/database/database.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { SpoolStore } from './spool-store.ts';

/** Registers gauges of what waits in the spool, whichever process left it there. */
export function measureSpool(metrics: Metrics, database: Database): void {
  const store = new SpoolStore(database);
  const events = metrics.gauge({
    name: 'tributary_spool_events',
    help: 'Events that wait in the spool. More than 0 for minutes: outbox and bus are both away.',
  });
  const bytes = metrics.gauge({
    name: 'tributary_spool_bytes',
    help: 'Bytes of those events; at TRIBUTARY_MAX_SPOOL_MIB senders get 503.',
  });
  const oldest = metrics.gauge({
    name: 'tributary_spool_oldest_seconds',
    help: 'Since when the oldest of those events was received; 0 when there is none.',
  });
  metrics.beforeScrape(async () => {
    for (const gauge of [events, bytes, oldest]) gauge.clear();
    const usage = await store.usage();
    events.set({}, usage.events);
    bytes.set({}, usage.bytes);
    const sinceMs = usage.oldestReceivedAt ? Date.parse(usage.oldestReceivedAt) : Date.now();
    oldest.set({}, Math.max(0, (Date.now() - sinceMs) / 1_000));
  });
}
