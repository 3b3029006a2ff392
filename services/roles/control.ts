import { auditRoutes } from '../audit/routes.ts';
import { CanaryStore } from '../canary/canary-store.ts';
import { canaryRoutes } from '../canary/routes.ts';
import { connectionRoutes } from '../connections/routes.ts';
import { consumerRoutes } from '../consumers/routes.ts';
import { deadLetterRoutes } from '../dead-letters/routes.ts';
import { eventRoutes } from '../events/routes.ts';
import { streamRoute } from '../events/stream.ts';
import { requestRoutes } from '../intake/request-routes.ts';
import { metricsRoute } from '../metrics/route.ts';
import { providerRoutes } from '../providers/routes.ts';
import { reconcileRoutes } from '../reconcile/routes.ts';
import { predicateRoutes } from '../replay/predicate-routes.ts';
import { PredicateStore } from '../replay/predicate-store.ts';
import { ReplayStore } from '../replay/replay-store.ts';
import { replayRoutes } from '../replay/routes.ts';
import type { Parts } from './parts.ts';
import { makeReconciler } from './reconciler.ts';

/** The role that serves the API. */
export async function startControl(parts: Parts): Promise<void> {
  const { adapters, config, directory, log, metrics, platform, publicUrl, server, store } = parts;
  const { bus, database, secrets, warehouse } = platform;
  await server.register(eventRoutes, { warehouse });
  await server.register(streamRoute, { bus });
  await server.register(requestRoutes, { log, operatorTenantId: config.tenantId, warehouse });
  await server.register(auditRoutes, {
    database,
    flushCounts: () => parts.counts.flush(),
    keepDays: config.ledgerDays,
    warehouse,
  });
  await server.register(connectionRoutes, {
    adapters,
    // On a laptop providers are sandboxes beside the server.
    allowLoopback: config.gcp === undefined,
    directory,
    publicUrl,
    secrets,
    store,
  });
  await server.register(providerRoutes, { adapters });
  const predicates = new PredicateStore(database);
  await server.register(predicateRoutes, { predicates });
  await server.register(replayRoutes, {
    billed: config.gcp !== undefined,
    predicates,
    replays: new ReplayStore(database),
    warehouse,
  });
  await server.register(deadLetterRoutes, { bus, database });
  await server.register(consumerRoutes, { bus, database });
  await server.register(metricsRoute, { metrics });
  await server.register(reconcileRoutes, { reconciler: makeReconciler(parts) });
  await server.register(canaryRoutes, {
    canaries: new CanaryStore(database),
    intervalMinutes: config.canaryMinutes,
  });
}
