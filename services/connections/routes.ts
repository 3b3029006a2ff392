import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { ApiUrlRules } from '#adapters/kit/api-url.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { nextCursor, pageQuery } from '../http/paging.ts';
import { checkSettings, findAdapter } from './check-settings.ts';
import { CONNECTION_STATUSES } from './connection.ts';
import { credentialInput, type ObtainCredential } from './credential-input.ts';
import { idParams, labelsSchema, nameSchema, parseLabels, settingsSchema } from './inputs.ts';
import type { ConnectionLifecycle } from './lifecycle.ts';
import { connectionPage } from './page.ts';
import { isStorableText, NOT_STORABLE } from './storable.ts';
import { ConnectionStore } from './store.ts';
import { connectionSchema, etagOf, shown } from './view.ts';

export interface ConnectionRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  /** For addresses in settings. */
  readonly apiUrlRules: ApiUrlRules;
  readonly database: TenantDatabase;
  readonly lifecycle: ConnectionLifecycle;
  readonly obtainCredential: ObtainCredential;
  readonly publicUrl: () => string;
}

const newConnectionSchema = z.strictObject({
  provider: z.string().max(100),
  name: nameSchema,
  secret: z
    .string()
    .min(8)
    .max(10_000)
    .optional()
    .describe(
      'The signing secret. Stored encrypted, never shown. Without it one is made for the providers that let us choose it.',
    ),
  settings: settingsSchema.default({}),
  labels: labelsSchema.default({}),
  credential: credentialInput.optional(),
});

const createdSchema = connectionSchema.extend({
  secret: z
    .string()
    .optional()
    .describe('A secret that was made just now. It is never shown again.'),
});

const text = z.string().max(300).refine(isStorableText, NOT_STORABLE);

const filters = z.object({
  provider: text.optional(),
  status: z.enum(CONNECTION_STATUSES).optional(),
  q: text.optional().describe("Part of the name or of the account's, in any case."),
  account_id: text.optional(),
  label: z
    .union([text, z.array(text).max(20)])
    .optional()
    .describe('key:value; given several times, all of them must be there.'),
  ...pageQuery,
});

/** `/v1/connections`: create, list, read. */
export async function connectionRoutes(
  app: FastifyInstance,
  options: ConnectionRouteOptions,
): Promise<void> {
  const { adapters, apiUrlRules, database, lifecycle, publicUrl } = options;
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/connections',
    {
      // The URL ends in a secret segment for some providers.
      config: { ...manages('org'), idempotent: true, secretFields: ['secret', 'webhook_url'] },
      schema: {
        summary: 'Add a connection',
        description:
          'A connection receives webhooks at once. With a credential, which is tested first, it also calls its provider. Connections by OAuth are made by POST /v1/oauth/authorizations.',
        tags: ['connections'],
        body: newConnectionSchema,
        response: { 201: createdSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { credential: input, ...draft } = request.body;
      const adapter = findAdapter(adapters, draft.provider);
      const settings = checkSettings(adapter, draft.settings, apiUrlRules);
      const credential =
        input && (await options.obtainCredential({ principal, adapter, settings, input }));
      const { connection, secret, made } = await lifecycle.create(principal, draft, credential);
      const view = shown(connection, publicUrl());
      return reply
        .code(201)
        .header('etag', etagOf(connection))
        .send({
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
        summary: 'List connections, oldest first',
        tags: ['connections'],
        querystring: filters,
        response: {
          200: z.object({
            connections: z.array(connectionSchema),
            next_cursor: nextCursor,
          }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { limit, cursor, label, account_id: accountId, ...filter } = request.query;
      const page = await connectionPage(
        forTenant(database, principal),
        principal,
        { ...filter, accountId, labels: parseLabels(label) },
        { limit, cursor },
      );
      return {
        connections: page.connections.map((one) => shown(one, publicUrl())),
        next_cursor: page.nextCursor,
      };
    },
  );

  routes.get(
    '/v1/connections/:id',
    {
      config: reads('org'),
      schema: {
        summary: 'One connection',
        description: 'The ETag is for the If-Match of changes.',
        tags: ['connections'],
        params: idParams,
        response: { 200: connectionSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const store = new ConnectionStore(forTenant(database, principal));
      const connection = await store.find(principal, request.params.id);
      return reply.header('etag', etagOf(connection)).send(shown(connection, publicUrl()));
    },
  );
}
