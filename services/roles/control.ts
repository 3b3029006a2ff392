import { forTenant, type TenantScope } from '#platform/database/tenant-database.ts';
import { sessionRoutes } from '../access/session-routes.ts';
import { apiKeyRoutes } from '../api-keys/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { auditTo } from '../audit-log/record.ts';
import { auditLogRoutes } from '../audit-log/routes.ts';
import { CanaryStore } from '../canary/canary-store.ts';
import { canaryRoutes } from '../canary/routes.ts';
import { changeRoutes } from '../connections/change-routes.ts';
import { openConnections } from '../connections/open-connections.ts';
import { connectionRoutes } from '../connections/routes.ts';
import { consumerRoutes } from '../consumers/routes.ts';
import { deadLetterRoutes } from '../dead-letters/routes.ts';
import { eventRoutes } from '../events/routes.ts';
import { streamRoute } from '../events/stream.ts';
import { requestRoutes } from '../intake/request-routes.ts';
import { metricsRoute } from '../metrics/route.ts';
import { providerRoutes } from '../providers/routes.ts';
import { readinessChecks } from '../readiness/checks.ts';
import { readinessRoutes } from '../readiness/routes.ts';
import { reconcileRoutes } from '../reconcile/routes.ts';
import { registrationRoutes } from '../registrations/routes.ts';
import { predicateRoutes } from '../replay/predicate-routes.ts';
import { PredicateStore } from '../replay/predicate-store.ts';
import { ReplayStore } from '../replay/replay-store.ts';
import { replayRoutes } from '../replay/routes.ts';
import type { Parts } from './parts.ts';
import { makeReconciler } from './reconciler.ts';
import { makeRegistrations } from './registrations.ts';

/** The role that serves the API. */
export async function startControl(parts: Parts): Promise<void> {
  const { adapters, config, directory, log, metrics, platform, publicUrl, server } = parts;
  const { bus, database, secrets, warehouse } = platform;
  await server.register(sessionRoutes, { issuer: parts.access?.issuer });
  await server.register(apiKeyRoutes, { database, audit: auditTo(database) });
  await server.register(eventRoutes, { warehouse });
  await server.register(streamRoute, { bus });
  await server.register(requestRoutes, { log, operatorTenantId: config.tenantId, warehouse });
  await server.register(auditRoutes, {
    database,
    flushCounts: () => parts.counts.flush(),
    keepDays: config.ledgerDays,
    warehouse,
  });
  await server.register(providerRoutes, { adapters });
  const registrations = makeRegistrations(parts);
  const farewells = [registrations.farewell];
  const connections = openConnections({
    ...{ adapters, database, directory, farewells, publicUrl, secrets },
    // On a laptop providers are sandboxes beside the server.
    apiUrlRules: { allowLoopback: config.gcp === undefined },
  });
  await server.register(registrationRoutes, { adapters, database, registrations });
  await server.register(connectionRoutes, connections);
  await server.register(changeRoutes, connections);
  await server.register(auditLogRoutes, { database });
  await server.register(readinessRoutes, {
    adapters,
    checks: readinessChecks({
      ...{ bus, database, publicUrl, secrets, warehouse },
      canaryMinutes: config.canaryMinutes,
      flushLog: () => log.flush(),
    }),
    database,
  });
  const predicates = (scope: TenantScope) => new PredicateStore(forTenant(database, scope));
  await server.register(predicateRoutes, { predicates });
  await server.register(replayRoutes, {
    billed: config.gcp !== undefined,
    predicates,
    replays: (scope: TenantScope) => new ReplayStore(forTenant(database, scope)),
    warehouse,
  });
  await server.register(deadLetterRoutes, { bus, database });
  await server.register(consumerRoutes, { bus, database });
  await server.register(metricsRoute, { metrics });
  await server.register(reconcileRoutes, { reconciler: makeReconciler(parts) });
  await server.register(canaryRoutes, {
    canaries: (scope: TenantScope) => new CanaryStore(forTenant(database, scope)),
    intervalMinutes: config.canaryMinutes,
  });
}
