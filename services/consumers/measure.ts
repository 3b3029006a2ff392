import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import { listConsumers } from './line.ts';

export interface MeasureOptions {
  readonly bus: Bus;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly consumerMetrics: ConsumerMetrics;
}

/** Registers what is measured of all consumers when it is asked for: from the database, and the bus where it can tell. */
export function measureConsumers({
  bus,
  database,
  metrics,
  consumerMetrics,
}: MeasureOptions): void {
  const stopped = metrics.gauge({
    name: 'tributary_consumer_stopped',
    help: '1 while a consumer takes no messages until an operator resumes it, else 0.',
    labels: ['consumer'],
  });
  const backlog = metrics.gauge({
    name: 'tributary_consumer_backlog_messages',
    help: 'Messages a consumer has not settled. On Google Cloud Pub/Sub tells this itself.',
    labels: ['consumer'],
  });
  const oldest = metrics.gauge({
    name: 'tributary_consumer_oldest_unsettled_seconds',
    help: 'Age of the oldest message that a consumer has under way, tries again, or has stopped at.',
    labels: ['consumer'],
  });
  const letters = metrics.gauge({
    name: 'tributary_dead_letters',
    help: 'Dead letters that wait: open for an operator, retrying for their next attempt.',
    labels: ['consumer', 'state'],
  });
  metrics.beforeScrape(async () => {
    for (const gauge of [stopped, backlog, oldest, letters]) gauge.clear();
    const nowMs = Date.now();
    const underWay = consumerMetrics.oldestUnderWay();
    const waiting = await countWaiting(database);
    for (const { consumer, state, count } of waiting)
      letters.set({ consumer, state }, Number(count));
    for (const row of await listConsumers(database)) {
      const consumer = row.name;
      stopped.set({ consumer }, row.state === 'stopped' ? 1 : 0);
      const messages = bus.backlog?.(row.topic, consumer);
      if (messages !== undefined) backlog.set({ consumer }, messages);
      const sinceMs = Math.min(
        underWay.get(consumer) ?? nowMs,
        row.stopped_received_at?.getTime() ?? nowMs,
        ...waiting
          .filter((one) => one.consumer === consumer && one.state === 'retrying')
          .map((one) => one.oldest?.getTime() ?? nowMs),
      );
      oldest.set({ consumer }, Math.max(0, (nowMs - sinceMs) / 1_000));
    }
  });
}

/** Dead letters that wait, by consumer and state, and when the oldest of them was received. */
export function countWaiting(
  database: Pick<Database, 'query'>,
  tenantId?: string,
): Promise<{ consumer: string; state: string; count: string; oldest: Date | null }[]> {
  return database.query(
    `SELECT consumer, state, count(*) AS count, min(coalesce(received_at, first_failed_at)) AS oldest
     FROM dead_letters
     WHERE state IN ('retrying', 'open') AND ($1::text IS NULL OR tenant_id = $1)
     GROUP BY consumer, state`,
    [tenantId ?? null],
  );
}
