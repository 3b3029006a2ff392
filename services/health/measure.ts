import type { Database } from '#platform/database/database.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Registers gauges of connections over all tenants: from the database. */
export function measureHealth(metrics: Metrics, database: Database): void {
  const connections = metrics.gauge({
    name: 'tributary_connections',
    help: 'Connections by status: active, inactive, error or disconnected.',
    labels: ['status'],
  });
  const open = metrics.gauge({
    name: 'tributary_circuits_open',
    help: 'Connections whose provider is not called for now, as it did not answer several times in a row.',
  });
  const overdue = metrics.gauge({
    name: 'tributary_health_checks_overdue',
    help: 'Connections whose health check has been due for more than 5 minutes: the worker does not keep up.',
  });
  metrics.beforeScrape(async () => {
    for (const gauge of [connections, open, overdue]) gauge.clear();
    const rows = await database.query<{
      status: string;
      connections: number;
      open: number;
      overdue: number;
    }>(
      `SELECT CASE WHEN disconnected_at IS NULL THEN status ELSE 'disconnected' END AS status,
         count(*)::int AS connections,
         count(*) FILTER (WHERE circuit <> 'closed')::int AS open,
         count(*) FILTER (WHERE next_check_at < now() - interval '5 minutes')::int AS overdue
       FROM connections LEFT JOIN connection_health ON connection_id = id GROUP BY 1`,
    );
    for (const status of ['active', 'inactive', 'error', 'disconnected']) {
      const row = rows.find((one) => one.status === status);
      connections.set({ status }, row?.connections ?? 0);
    }
    open.set({}, sum(rows.map((row) => row.open)));
    const checked = rows.filter(({ status }) => status === 'active' || status === 'error');
    overdue.set({}, sum(checked.map((row) => row.overdue)));
  });
}

/** Counts checks by outcome, for `onCheck` of the checker. */
export function countChecks(metrics: Metrics): (outcome: string) => void {
  const checks = metrics.counter({
    name: 'tributary_health_checks_total',
    help: 'Health checks of connections, by outcome.',
    labels: ['outcome'],
  });
  return (outcome) => checks.add({ outcome });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
