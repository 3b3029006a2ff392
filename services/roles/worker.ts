import { hostname } from 'node:os';
import { listenForCanaries } from '../canary/canary.ts';
import { CanaryStore } from '../canary/canary-store.ts';
import { measureCanaries } from '../canary/measure.ts';
import { tellChanges } from '../connections/tell-changes.ts';
import { consume } from '../consumers/consume.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { ConsumerMetrics } from '../consumers/consumer-metrics.ts';
import { measureConsumers } from '../consumers/measure.ts';
import { keepDeadLetters } from '../dead-letters/keeper.ts';
import { metricsRoute } from '../metrics/route.ts';
import { recordPassage } from '../proof/record-passage.ts';
import { ReplayRunner } from '../replay/runner.ts';
import { startResolver } from '../resolver/resolver.ts';
import { measureSpool } from '../spool/measure.ts';
import { canaryTask } from '../tasks/canary.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { ledgerExport } from '../tasks/ledger-export.ts';
import { deepReconcileTask, reconcileTask } from '../tasks/reconcile.ts';
import { taskRoutes } from '../tasks/routes.ts';
import { spoolDrain } from '../tasks/spool-drain.ts';
import { webhookRenewal } from '../tasks/webhook-renewal.ts';
import type { Parts } from './parts.ts';
import { makeReconciler } from './reconciler.ts';
import { makeRegistrations } from './registrations.ts';

/** The role that acts on events and does what the scheduler asks for. */
export async function startWorker(parts: Parts, consumers: readonly Consumer[]): Promise<void> {
  const { closing, config, directory, onError, platform, server } = parts;
  const { bus, database, verifyTaskToken, warehouse } = platform;
  const operatorTenantId = config.tenantId;
  const metrics = new ConsumerMetrics(parts.metrics);
  measureConsumers({ bus, database, metrics: parts.metrics, consumerMetrics: metrics });
  if (platform.recordsPassage) {
    // First of all: what the outbox carries again when it is opened must be recorded too.
    const recorder = await recordPassage({ bus, warehouse, onError });
    closing.push(() => recorder.close());
  }
  const reconciler = makeReconciler(parts);
  await reconciler.begin();
  for (const consumer of consumers) {
    const running = await consume(bus, database, consumer, { metrics, operatorTenantId, onError });
    closing.push(() => running.close());
  }
  const keeper = await keepDeadLetters({ bus, database, operatorTenantId, onError });
  closing.push(() => keeper.close());
  const resolver = await startResolver({
    bus,
    database,
    directory,
    outbox: parts.outbox,
    onError,
  });
  closing.push(() => resolver.close());
  measureSpool(parts.metrics, database);
  const canaries = new CanaryStore(database);
  measureCanaries(parts.metrics, canaries, config.canaryMinutes);
  if (config.canaryMinutes > 0) {
    const listening = await listenForCanaries(bus, canaries);
    closing.push(() => listening.close());
  }
  const replays = new ReplayRunner({
    bus,
    database,
    warehouse,
    process: `${hostname()}/${process.pid}`,
    onError,
  });
  replays.start();
  closing.push(() => replays.stop());
  // Where the API is served too, its token is asked for; a worker alone is reached from inside only.
  if (!config.roles.has('control')) {
    await server.register(metricsRoute, { metrics: parts.metrics, open: true });
  }
  await server.register(taskRoutes, {
    tasks: new Map([
      ['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)],
      ['replay-sweep', () => replays.look()],
      ['reconcile', reconcileTask(reconciler)],
      ['reconcile-deep', deepReconcileTask(reconciler)],
      [
        'canary',
        canaryTask({
          canaries,
          connections: parts.store,
          outbox: parts.outbox,
          warehouse,
          intervalMinutes: config.canaryMinutes,
        }),
      ],
      ['connection-changes', () => tellChanges({ database, outbox: parts.outbox, warehouse })],
      ['spool-drain', spoolDrain(parts.outbox)],
      ['webhook-renewal', webhookRenewal({ database, service: makeRegistrations(parts), onError })],
      ['ledger-export', ledgerExport({ database, warehouse, keepDays: config.ledgerDays })],
    ]),
    verifyToken: verifyTaskToken,
  });
}
