import { auditRoutes } from '../audit/routes.ts';
import { CanaryStore } from '../canary/canary-store.ts';
import { canaryRoutes } from '../canary/routes.ts';
import { connectionRoutes } from '../connections/routes.ts';
import { consumerRoutes } from '../consumers/routes.ts';
import { deadLetterRoutes } from '../dead-letters/routes.ts';
import { eventRoutes } from '../events/routes.ts';
import { streamRoute } from '../events/stream.ts';
import { type ApiToken, ensureApiToken } from '../http/api-token.ts';
import { tokenAuthentication } from '../http/authenticate.ts';
import { requestRoutes } from '../intake/request-routes.ts';
import { metricsRoute } from '../metrics/route.ts';
import { reconcileRoutes } from '../reconcile/routes.ts';
import { predicateRoutes } from '../replay/predicate-routes.ts';
import { PredicateStore } from '../replay/predicate-store.ts';
import { ReplayStore } from '../replay/replay-store.ts';
import { replayRoutes } from '../replay/routes.ts';
import type { Parts } from './parts.ts';
import { makeReconciler } from './reconciler.ts';

/** The role that serves the API. @returns the token it asks for */
export async function startControl(parts: Parts): Promise<ApiToken> {
  const { adapters, config, directory, log, metrics, platform, publicUrl, server, store } = parts;
  const { bus, database, secrets, warehouse } = platform;
  const apiToken = await ensureApiToken(config.keyDir, config.apiToken);
  const authenticate = tokenAuthentication(apiToken.value, {
    tenantId: config.tenantId,
    orgId: null,
  });
  await server.register(eventRoutes, { authenticate, warehouse });
  await server.register(streamRoute, { authenticate, bus });
  await server.register(requestRoutes, { authenticate, log, warehouse });
  await server.register(auditRoutes, {
    authenticate,
    database,
    flushCounts: () => parts.counts.flush(),
    keepDays: config.ledgerDays,
    warehouse,
  });
  await server.register(connectionRoutes, {
    adapters,
    authenticate,
    directory,
    publicUrl,
    secrets,
    store,
  });
  const predicates = new PredicateStore(database);
  await server.register(predicateRoutes, { authenticate, predicates });
  await server.register(replayRoutes, {
    authenticate,
    billed: config.gcp !== undefined,
    predicates,
    replays: new ReplayStore(database),
    warehouse,
  });
  await server.register(deadLetterRoutes, { authenticate, bus, database });
  await server.register(consumerRoutes, { authenticate, bus, database });
  await server.register(metricsRoute, { authenticate, metrics });
  await server.register(reconcileRoutes, { authenticate, reconciler: makeReconciler(parts) });
  await server.register(canaryRoutes, {
    authenticate,
    canaries: new CanaryStore(database),
    intervalMinutes: config.canaryMinutes,
  });
  return apiToken;
}
