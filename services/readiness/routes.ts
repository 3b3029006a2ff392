import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import { NotFound } from '#schemas/problems.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { connectionFacts } from './facts.ts';
import { FINDING_STATES } from './finding.ts';
import { assessReadiness, type ReadinessCheck } from './readiness.ts';

export interface ReadinessRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly checks: readonly ReadinessCheck[];
  readonly database: TenantDatabase;
}

const findingSchema = z.object({
  check: z.string().describe('A stable word for the precondition.'),
  connection_id: z.string().nullable().describe('Null where it is about all of it.'),
  state: z.enum(FINDING_STATES),
  evidence: z.string().describe('What was looked at and what it said.'),
  next: z.string().nullable().describe('What to do about it.'),
});

const readinessSchema = z.object({
  provider: z.string(),
  tenant_id: z.string(),
  org_id: z.string().nullable(),
  path: z.enum(['webhook', 'poll']),
  assessed_at: z.string(),
  decision: z.enum(['ready', 'ready_with_warnings', 'not_ready']),
  gaps: z.array(findingSchema).describe('What keeps it from being ready.'),
  findings: z.array(findingSchema).describe('Every line with its evidence, the gaps included.'),
});

const id = z.string().max(100).refine(isStorableText, NOT_STORABLE);

/** `GET /v1/readiness/{provider}`: whether a provider may be onboarded, released, or is well. */
export async function readinessRoutes(
  app: FastifyInstance,
  { adapters, checks, database }: ReadinessRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/readiness/:provider',
    {
      config: reads('org'),
      schema: {
        summary: 'Whether a provider is ready for an organisation: decision, gaps, evidence',
        description:
          'Goes through every precondition of onboarding: before it, at a release, in an incident. Changes nothing.',
        tags: ['health'],
        params: z.object({ provider: z.string().max(100) }),
        querystring: z.object({
          path: z.enum(['webhook', 'poll']).default('webhook'),
          connection_id: id
            .optional()
            .describe('Only this connection. Default all of the provider.'),
        }),
        response: { 200: readinessSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const scope = principalOf(request);
      const { provider } = request.params;
      const { path, connection_id: connectionId } = request.query;
      const adapter = adapters.get(provider);
      if (!adapter) throw new NotFound(`There is no provider ${provider}.`);
      const connections = await forTenant(database, scope).transaction((tx) =>
        connectionFacts(tx, scope, provider, connectionId),
      );
      if (connectionId !== undefined && connections.length === 0) {
        throw new NotFound(`There is no ${provider} connection ${connectionId}.`);
      }
      const nowMs = Date.now();
      const question = { scope, adapter, path, connections, nowMs };
      const { decision, findings } = await assessReadiness(checks, question);
      const shown = findings.map(({ connectionId: connection_id, next = null, ...finding }) => ({
        ...finding,
        connection_id,
        next,
      }));
      return {
        provider,
        tenant_id: scope.tenantId,
        org_id: scope.orgId,
        path,
        assessed_at: new Date(nowMs).toISOString(),
        decision,
        gaps: shown.filter(({ state }) => state === 'gap' || state === 'unknown'),
        findings: shown,
      };
    },
  );
}
