import { createPrivateKey } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { notPaged } from '../http/paging.ts';
import type { OAuthClientStore } from './client-store.ts';
import { findProvider } from './provider-settings.ts';

export interface ClientRouteOptions {
  readonly providers: ReadonlyMap<string, OAuthProvider>;
  readonly clients: OAuthClientStore;
}

const MIN_MODULUS_BITS = 2_048;
/** Without control characters and spaces, which come of copying. */
const token = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\x21-\x7e]+$/, 'holds a space or a character that ids and secrets do not have');

const clientSchema = z.object({
  provider: z.string(),
  client_id: z.string(),
  secret_ref: z.string().describe('Where the secret is kept. It is never shown.'),
  updated_by: z.string(),
  updated_at: z.string(),
});

const newClientSchema = z.strictObject({
  client_id: token(500).describe('As the provider shows it for the app.'),
  client_secret: token(2_000).optional().describe('Stored encrypted, never shown.'),
  private_key: z
    .string()
    .max(16_000)
    .optional()
    .describe(
      'RSA key (PEM, PKCS 8) that signs assertions of the JWT bearer grant. Stored encrypted, never shown.',
    ),
});

const params = z.object({ provider: z.string().max(50).describe('Of GET /v1/oauth/providers.') });

/** `/v1/oauth/clients`: the apps that we are at providers. */
export async function clientRoutes(
  app: FastifyInstance,
  { providers, clients }: ClientRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.put(
    '/v1/oauth/clients/:provider',
    {
      config: manages('platform'),
      schema: {
        summary: "Store a provider's OAuth client",
        description:
          'In place of the one there was. Clients of the tenant that runs the installation serve all tenants that have none.',
        tags: ['oauth'],
        params,
        body: newClientSchema,
        response: { 200: clientSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const provider = findProvider(providers, request.params.provider);
      const { client_id, client_secret, private_key } = request.body;
      if (client_secret === undefined && private_key === undefined) {
        throw invalid('/client_secret', 'Give the secret of the app.');
      }
      if (private_key !== undefined) checkKey(provider, private_key);
      return clients.put(principalOf(request), provider.provider, {
        clientId: client_id,
        clientSecret: client_secret,
        privateKey: private_key,
      });
    },
  );

  routes.get(
    '/v1/oauth/clients',
    {
      config: reads('platform'),
      schema: {
        summary: 'List OAuth clients',
        description: notPaged('there is one for each provider at most.'),
        tags: ['oauth'],
        response: {
          200: z.object({
            clients: z.array(clientSchema),
          }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => ({
      clients: await clients.list(principalOf(request)),
    }),
  );

  routes.delete(
    '/v1/oauth/clients/:provider',
    {
      config: manages('platform'),
      schema: {
        summary: "Remove a provider's OAuth client",
        description: 'With its secret. Tokens that it got are good until they expire.',
        tags: ['oauth'],
        params,
        response: { 204: z.null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await clients.remove(principalOf(request), request.params.provider);
      return reply.code(204).send(null);
    },
  );
}

function checkKey({ grants, title }: OAuthProvider, pem: string): void {
  if (!grants?.jwtBearer) {
    throw invalid('/private_key', `${title} gives no tokens for signed assertions.`);
  }
  try {
    const key = createPrivateKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (key.asymmetricKeyType === 'rsa' && bits >= MIN_MODULUS_BITS) return;
  } catch {
    // Refused below. The error could repeat the key.
  }
  throw invalid(
    '/private_key',
    `It is no RSA private key of ${MIN_MODULUS_BITS} bits or more, in PEM and without a pass phrase.`,
  );
}

function invalid(pointer: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { faults: [{ pointer, message }] });
}
