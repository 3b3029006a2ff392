import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { notPaged } from '../http/paging.ts';
import type { OAuthClientStore } from './client-store.ts';

export interface ProviderRouteOptions {
  readonly providers: ReadonlyMap<string, OAuthProvider>;
  readonly clients: OAuthClientStore;
  /** Scheme and host under which browsers reach us. */
  readonly publicUrl: () => string;
}

const GRANTS = ['authorization_code', 'jwt_bearer', 'client_credentials'] as const;

const providerSchema = z.object({
  provider: z.string(),
  title: z.string(),
  scopes: z.array(
    z.object({
      name: z.string().describe('As the provider spells it.'),
      title: z.string(),
      description: z.string(),
      required: z.boolean().describe('Always asked for. The others only when they are named.'),
    }),
  ),
  grants: z.array(z.enum(GRANTS)).describe('The ways to a token.'),
  revocable: z.boolean().describe('Whether the provider ends a token when we ask.'),
  redirect_uri: z.string().describe('To be registered with the app at the provider.'),
  client: z
    .enum(['tenant', 'installation'])
    .nullable()
    .describe("Whose app is used: the tenant's own or the installation's. Null: there is none."),
});

/** `GET /v1/oauth/providers`: what can be connected by OAuth. */
export async function providerRoutes(
  app: FastifyInstance,
  { providers, clients, publicUrl }: ProviderRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/oauth/providers',
    {
      config: reads('tenant'),
      schema: {
        summary: 'List providers that are connected by OAuth',
        description: notPaged('there are as many as there are in the code.'),
        tags: ['oauth'],
        response: {
          200: z.object({
            providers: z.array(providerSchema),
          }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const owners = await clients.owners(principalOf(request).tenantId);
      return {
        providers: [...providers.values()].map((one) => ({
          provider: one.provider,
          title: one.title,
          scopes: one.scopes.map(({ name, title, description, required }) => ({
            name,
            title,
            description,
            required,
          })),
          grants: GRANTS.filter(
            (grant) =>
              grant === 'authorization_code' ||
              (grant === 'jwt_bearer' ? one.grants?.jwtBearer : one.grants?.clientCredentials),
          ),
          revocable: one.revocation !== undefined,
          redirect_uri: `${publicUrl()}/oauth/callback/${one.provider}`,
          client: owners.get(one.provider) ?? null,
        })),
      };
    },
  );
}
