import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { InvalidRequest, InvalidSettings } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import type { Connection } from './connection.ts';
import type { ConnectionDirectory } from './directory.ts';
import { isStorableJson, isStorableText, NOT_STORABLE } from './storable.ts';
import { type ConnectionStore, newConnectionId } from './store.ts';

export interface ConnectionRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly store: ConnectionStore;
  readonly secrets: Secrets;
  readonly directory: ConnectionDirectory;
  readonly publicUrl: () => string;
}

const connectionSchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    name: z.string(),
    status: z.enum(['active', 'inactive', 'error']),
    org_id: z.string().nullable(),
    webhook_url: z
      .string()
      .describe(
        'Give this URL to the provider. Where it ends in a secret segment, that is shown only in the answer that creates the connection.',
      ),
    secret_ref: z.string().describe('Where the signing secret is kept. The secret is never shown.'),
    settings: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Connection' });

const newConnectionSchema = z.strictObject({
  provider: z.string(),
  name: z.string().trim().min(1).max(100).refine(isStorableText, NOT_STORABLE),
  secret: z
    .string()
    .min(8)
    .max(10_000)
    .optional()
    .describe(
      'The signing secret. Stored encrypted, never shown. Without it one is made for the providers that let us choose it.',
    ),
  settings: z.record(z.string(), z.unknown()).refine(isStorableJson, NOT_STORABLE).default({}),
});

const createdSchema = connectionSchema.extend({
  secret: z
    .string()
    .optional()
    .describe('A secret that was made just now. It is never shown again.'),
});

/** `/v1/connections`: create, list, enable and disable. */
export async function connectionRoutes(
  app: FastifyInstance,
  options: ConnectionRouteOptions,
): Promise<void> {
  const { store, directory } = options;
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/connections',
    {
      // The URL ends in a secret segment for some providers.
      config: { ...manages('org'), idempotent: true, secretFields: ['secret', 'webhook_url'] },
      schema: {
        summary: 'Add a connection',
        tags: ['connections'],
        body: newConnectionSchema,
        response: { 201: createdSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { tenantId, orgId } = principalOf(request);
      const { provider, name, settings } = request.body;
      const adapter = findAdapter(options.adapters, provider);
      const parsed = parseSettings(adapter, settings);
      const { secret, made } = chooseSecret(adapter, parsed, request.body.secret);
      const id = newConnectionId();
      const secretRef = `tenants/${tenantId}/connections/${id}/webhook`;
      // The secret first: a connection without one would refuse every webhook.
      const { version } = await options.secrets.create(secretRef, secret);
      const connection = await store
        .insert({ tenantId, orgId, provider, name, settings: parsed }, id, secretRef)
        .catch(async (error) => {
          await options.secrets.destroy(secretRef, version);
          throw error;
        });
      await directory.refresh();
      const view = shown(connection);
      return reply.code(201).send({
        ...view,
        ...(adapter.secretPath && { webhook_url: withPathSecret(view.webhook_url, secret) }),
        ...(made && { secret }),
      });
    },
  );

  routes.get(
    '/v1/connections',
    {
      config: reads('org'),
      schema: {
        summary: 'List connections',
        tags: ['connections'],
        response: { 200: z.object({ connections: z.array(connectionSchema) }), ...PROBLEMS },
      },
    },
    async (request) => {
      return { connections: (await store.list(principalOf(request))).map(shown) };
    },
  );

  routes.patch(
    '/v1/connections/:id',
    {
      config: manages('org'),
      schema: {
        summary: 'Enable or disable a connection',
        tags: ['connections'],
        params: z.object({ id: z.string().refine(isStorableText, NOT_STORABLE) }),
        body: z.strictObject({ status: z.enum(['active', 'inactive']) }),
        response: { 200: connectionSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { params, body } = request;
      const connection = await store.setStatus(principalOf(request), params.id, body.status);
      await directory.refresh();
      return shown(connection);
    },
  );

  function shown(connection: Connection) {
    return {
      id: connection.id,
      provider: connection.provider,
      name: connection.name,
      status: connection.status,
      org_id: connection.orgId,
      webhook_url: `${options.publicUrl()}/webhooks/${connection.provider}/${connection.id}`,
      secret_ref: connection.secretRef,
      settings: connection.settings,
      created_at: connection.createdAt,
      updated_at: connection.updatedAt,
    };
  }
}

function findAdapter(adapters: ReadonlyMap<string, Adapter>, provider: string): Adapter {
  const adapter = adapters.get(provider);
  if (adapter) return adapter;
  throw new InvalidRequest(
    `There is no provider "${provider}". Choose one of: ${[...adapters.keys()].join(', ')}.`,
  );
}

function parseSettings(
  adapter: Adapter,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const parsed = adapter.settingsSchema.safeParse(settings);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${escapeToken(String(part))}`).join(''),
      message,
    }));
    throw new InvalidSettings(`The settings do not fit ${adapter.title}; see errors.`, { faults });
  }
  adapter.bind(parsed.data);
  return parsed.data as Record<string, unknown>;
}

/** 32 characters of base64url, which every provider takes as a token. */
const SECRET_BYTES = 24;

function chooseSecret(
  adapter: Adapter,
  settings: unknown,
  given: string | undefined,
): { readonly secret: string; readonly made: boolean } {
  if (given === undefined && adapter.secretMadeBy !== 'tributary') {
    throw new InvalidRequest(`Give the signing secret that ${adapter.title} made, as "secret".`);
  }
  const secret = given ?? randomBytes(SECRET_BYTES).toString('base64url');
  const fault = adapter.secretFault?.(secret, settings);
  if (fault === undefined) return { secret, made: given === undefined };
  throw new InvalidRequest(fault, { faults: [{ pointer: '/secret', message: fault }] });
}
