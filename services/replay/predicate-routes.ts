import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import { ReplayLimitReached } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { notPaged } from '../http/paging.ts';
import { predicateName } from './api-schemas.ts';
import { predicateSchema } from './predicate.ts';
import { MAX_SAVED, type PredicateStore, type SavedPredicate } from './predicate-store.ts';

export interface PredicateRouteOptions {
  /** Those that a request may see. */
  readonly predicates: (scope: TenantScope) => PredicateStore;
}

const savedSchema = z
  .object({
    name: z.string(),
    predicate: predicateSchema,
    created_by: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'SavedPredicate' });
const params = z.object({ name: predicateName });

/** `/v1/replay-predicates`: predicates kept under a name, with a range or without. */
export async function predicateRoutes(
  app: FastifyInstance,
  { predicates }: PredicateRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/replay-predicates',
    {
      config: reads('platform'),
      schema: {
        summary: 'List saved predicates',
        description: notPaged(`a tenant has at most ${MAX_SAVED}.`),
        tags: ['replays'],
        response: { 200: z.object({ predicates: z.array(savedSchema) }), ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return { predicates: (await predicates(principal).list(principal.tenantId)).map(shown) };
    },
  );

  routes.get(
    '/v1/replay-predicates/:name',
    {
      config: reads('platform'),
      schema: {
        summary: 'One saved predicate',
        tags: ['replays'],
        params,
        response: { 200: savedSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return shown(await predicates(principal).get(principal.tenantId, request.params.name));
    },
  );

  routes.put(
    '/v1/replay-predicates/:name',
    {
      config: { ...manages('platform'), problems: [ReplayLimitReached] },
      schema: {
        summary: 'Save a predicate, in place of what had the name',
        tags: ['replays'],
        params,
        body: predicateSchema,
        response: { 200: savedSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { name } = request.params;
      return shown(
        await predicates(principal).put(principal.tenantId, name, request.body, principal.actor),
      );
    },
  );

  routes.delete(
    '/v1/replay-predicates/:name',
    {
      config: manages('platform'),
      schema: {
        summary: 'Delete a saved predicate; replays that were made by it stay',
        tags: ['replays'],
        params,
        response: { 204: z.null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      await predicates(principal).delete(principal.tenantId, request.params.name);
      return reply.code(204).send(null);
    },
  );
}

function shown({ name, predicate, createdBy, updatedAt }: SavedPredicate) {
  return { name, predicate, created_by: createdBy, updated_at: updatedAt };
}
