import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { ConnectionDisconnected } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { idParams } from '../connections/inputs.ts';
import { ConnectionStore } from '../connections/store.ts';
import { PROBLEMS } from '../http/openapi.ts';
import type { HealthChecker } from './health-checker.ts';
import { listCheckable, setCheckInterval } from './health-settings.ts';
import { shownResult, viewHealth, viewTotals } from './health-view.ts';
import { connectionLogRoutes } from './log-routes.ts';
import {
  checkAllAnswerSchema,
  checkAnswerSchema,
  connectionHealthSchema,
  healthTotalsSchema,
} from './schemas.ts';

export interface HealthRouteOptions {
  readonly checker: HealthChecker;
  readonly database: Database;
}

/** So many a request checks at most. */
const MAX_AT_ONCE = 200;

/** `/v1/health` and what of `/v1/connections/{id}` is about health: how well it is, checks, its log. */
export async function connectionHealthRoutes(
  app: FastifyInstance,
  { checker, database }: HealthRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  await connectionLogRoutes(app, { database });

  routes.get(
    '/v1/health',
    {
      config: reads('org'),
      schema: {
        summary: 'How many connections are how well',
        tags: ['health'],
        response: { 200: healthTotalsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return viewTotals(forTenant(database, principal), principal);
    },
  );

  routes.get(
    '/v1/connections/:id/health',
    {
      config: reads('org'),
      schema: {
        summary: 'How well a connection is',
        tags: ['health'],
        params: idParams,
        response: { 200: connectionHealthSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return viewHealth(forTenant(database, principal), principal, request.params.id);
    },
  );

  routes.patch(
    '/v1/connections/:id/health',
    {
      config: manages('org'),
      schema: {
        summary: 'Set how often a connection is checked',
        tags: ['health'],
        params: idParams,
        body: z.strictObject({ interval_seconds: z.int().min(60).max(86_400) }),
        response: { 200: connectionHealthSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const own = forTenant(database, principal);
      const { id } = request.params;
      await setCheckInterval(own, principal, id, request.body.interval_seconds);
      return viewHealth(own, principal, id);
    },
  );

  routes.post(
    '/v1/connections/:id/health/check',
    {
      config: manages('org'),
      schema: {
        summary: 'Check a connection now',
        tags: ['health'],
        params: idParams,
        response: { 200: checkAnswerSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const own = forTenant(database, principal);
      const connection = await new ConnectionStore(own).own(principal, request.params.id);
      if (connection.disconnectedAt !== null) {
        throw new ConnectionDisconnected(
          `Connection ${connection.id} is disconnected. Reconnect it, then check it.`,
        );
      }
      return shownResult(connection.id, await checker.checkNow(connection));
    },
  );

  routes.post(
    '/v1/health/check',
    {
      config: manages('org'),
      schema: {
        summary: 'Check the connections of the organisation now',
        description: `Those that are enabled and connected, at most ${MAX_AT_ONCE}, the ones checked longest ago first. It may take 50 s.`,
        tags: ['health'],
        response: { 200: checkAllAnswerSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const own = forTenant(database, principal);
      const { connections, total } = await listCheckable(own, principal, MAX_AT_ONCE);
      const results = await checker.checkAll(connections);
      const answer = { checked: 0, ok: 0, failed: 0, not_checkable: 0, skipped: 0 };
      const failures = results.flatMap((result, index) => {
        if (!result) return [];
        answer.checked += 1;
        answer[result.outcome] += 1;
        const connection_id = connections[index]?.id ?? '';
        if (result.outcome !== 'failed') return [];
        return [{ connection_id, code: result.code, detail: result.detail }];
      });
      return { ...answer, left_out: total - answer.checked, failures };
    },
  );
}
