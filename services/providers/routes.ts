import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { NotFound } from '#schemas/problems.ts';
import { reads } from '../access/access.ts';
import { PROBLEMS } from '../http/openapi.ts';
import {
  type ProviderDetail,
  providerDetail,
  providerDetailSchema,
  providerSchema,
  providerView,
} from './provider-view.ts';

export interface ProviderRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
}

/** `/v1/providers`: which there are, and what a connection of each is asked for. */
export async function providerRoutes(
  app: FastifyInstance,
  { adapters }: ProviderRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  // Nothing of it changes while the process runs. Made when asked for: it would slow down every start.
  const details = new Map<string, ProviderDetail>();

  routes.get(
    '/v1/providers',
    {
      config: reads('tenant'),
      schema: {
        summary: 'List the providers there are',
        description: 'Not paged: there are as many as there are adapters.',
        tags: ['providers'],
        response: {
          200: z.object({ providers: z.array(providerSchema) }),
          ...PROBLEMS,
        },
      },
    },
    async () => ({ providers: [...adapters.values()].map(providerView) }),
  );

  routes.get(
    '/v1/providers/:provider',
    {
      config: reads('tenant'),
      schema: {
        summary: 'What a connection of one provider is asked for',
        tags: ['providers'],
        params: z.object({ provider: z.string() }),
        response: { 200: providerDetailSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => {
      const adapter = adapters.get(params.provider);
      if (!adapter) {
        throw new NotFound(
          `There is no provider "${params.provider}". GET /v1/providers lists those there are.`,
        );
      }
      const detail = details.get(params.provider) ?? providerDetail(adapter);
      details.set(params.provider, detail);
      return detail;
    },
  );
}
