import type { Metrics } from '../metrics/metrics.ts';
import { canaryState } from './canary-state.ts';
import type { CanaryStore } from './canary-store.ts';

/** Registers the gauge of connections whose canaries do not arrive, over all tenants. */
export function measureCanaries(
  metrics: Metrics,
  canaries: CanaryStore,
  intervalMinutes: number,
): void {
  const late = metrics.gauge({
    name: 'tributary_canaries_late',
    help: 'Connections whose canaries have not arrived for two intervals. 0 also where none are sent.',
  });
  metrics.beforeScrape(async () => {
    late.clear();
    const rows = intervalMinutes === 0 ? [] : await canaries.latest(undefined);
    const nowMs = Date.now();
    const states = rows.map((row) => canaryState(row, intervalMinutes, nowMs));
    late.set({}, states.filter((state) => state === 'late').length);
  });
}
