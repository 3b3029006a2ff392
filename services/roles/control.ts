import { forTenant, type TenantScope } from '#platform/database/tenant-database.ts';
import { sessionRoutes } from '../access/session-routes.ts';
import { sessionOf } from '../access/sessions.ts';
import { apiKeyRoutes } from '../api-keys/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { auditTo } from '../audit-log/record.ts';
import { auditLogRoutes } from '../audit-log/routes.ts';
import { CanaryStore } from '../canary/canary-store.ts';
import { canaryRoutes } from '../canary/routes.ts';
import { changeRoutes } from '../connections/change-routes.ts';
import { checkSettings, findAdapter } from '../connections/check-settings.ts';
import { connectionRoutes } from '../connections/routes.ts';
import { consumerRoutes } from '../consumers/routes.ts';
import { secretRoutes } from '../credentials/secret-routes.ts';
import { deadLetterRoutes } from '../dead-letters/routes.ts';
import { eventRoutes } from '../events/routes.ts';
import { streamRoute } from '../events/stream.ts';
import { connectionHealthRoutes } from '../health/routes.ts';
import { requestRoutes } from '../intake/request-routes.ts';
import { metricsRoute } from '../metrics/route.ts';
import { oauthRoutes } from '../oauth/routes.ts';
import type { Platform } from '../platform/platform.ts';
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

/** What the API works with. */
export type ControlParts = Pick<
  Parts,
  | 'access'
  | 'adapters'
  | 'config'
  | 'controlPlane'
  | 'counts'
  | 'log'
  | 'logger'
  | 'metrics'
  | 'onError'
  | 'publicUrl'
  | 'server'
> & { readonly platform: Pick<Platform, 'bus' | 'database' | 'secrets' | 'warehouse'> };

/** The role that serves the API. */
export async function startControl(parts: ControlParts): Promise<void> {
  const { adapters, config, controlPlane, log, metrics, onError, platform, publicUrl, server } =
    parts;
  const { bus, database, secrets, warehouse } = platform;
  const { apiUrlRules } = controlPlane;
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
  const { clients, health, leave, lifecycle, oauth, obtainCredential, registrations } =
    controlPlane;
  const connections = {
    adapters,
    apiUrlRules,
    database,
    leave,
    lifecycle,
    obtainCredential,
    publicUrl,
  };
  await server.register(providerRoutes, { adapters });
  await server.register(oauthRoutes, {
    ...{ clients, database, oauth, onError, publicUrl, sessionOf },
    accountOf: controlPlane.accountOf,
    checkSettings: (provider, settings) =>
      checkSettings(findAdapter(adapters, provider), settings, apiUrlRules),
    lifecycle: {
      create: async (...made) => (await lifecycle.create(...made)).connection,
      authenticate: (...again) => lifecycle.authenticate(...again),
    },
  });
  await server.register(registrationRoutes, { adapters, database, registrations });
  await server.register(connectionRoutes, connections);
  await server.register(changeRoutes, connections);
  await server.register(secretRoutes, {
    ...{ adapters, database, publicUrl, secrets },
    audit: auditTo(database),
  });
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
  await server.register(connectionHealthRoutes, { checker: health.checker, database });
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
