import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import { manages } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { findAdapter } from './check-settings.ts';
import type { Connection } from './connection.ts';
import { credentialInput, type ObtainCredential } from './credential-input.ts';
import { idParams, labelsSchema, nameSchema, settingsSchema } from './inputs.ts';
import type { ConnectionLeave } from './leave.ts';
import type { ConnectionLifecycle } from './lifecycle.ts';
import { requireIfMatch } from './precondition.ts';
import { ConnectionStore } from './store.ts';
import { connectionSchema, etagOf, shown } from './view.ts';

export interface ChangeRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly database: TenantDatabase;
  readonly leave: ConnectionLeave;
  readonly lifecycle: ConnectionLifecycle;
  readonly obtainCredential: ObtainCredential;
  readonly publicUrl: () => string;
}

const changeSchema = z
  .strictObject({
    name: nameSchema.optional(),
    settings: settingsSchema
      .optional()
      .describe('All settings anew: what is absent is the default.'),
    labels: labelsSchema.optional().describe('All labels anew.'),
    status: z.enum(['active', 'inactive']).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'nothing is to be changed' })
  .refine(({ status, ...rest }) => status === undefined || Object.keys(rest).length === 0, {
    message: 'change the status on its own',
  });

const notesSchema = z
  .array(z.string())
  .describe('What could not be done at the provider, and is left for you to do there.');

const deletedSchema = z.object({
  id: z.string(),
  removed: z
    .object({
      registrations: z.int(),
      checks: z.int(),
      log_entries: z.int(),
      entity_states: z.int(),
    })
    .describe('Removed with it, besides its credentials and its webhook secret.'),
  kept: z.array(z.string()),
  notes: notesSchema,
});

const KEPT = ['events in the outbox', 'log of webhook requests', 'dead letters', 'audit log'];

/** `/v1/connections/{id}`: change, disconnect, reconnect, delete. */
export async function changeRoutes(
  app: FastifyInstance,
  options: ChangeRouteOptions,
): Promise<void> {
  const { adapters, database, leave, lifecycle, publicUrl } = options;
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const tags = ['connections'];
  const answer = (connection: Connection) => shown(connection, publicUrl());
  const response = { 200: connectionSchema, ...PROBLEMS };

  routes.patch(
    '/v1/connections/:id',
    {
      config: manages('org'),
      schema: {
        summary: 'Change a connection, enable or disable it',
        description:
          'If-Match with the ETag of the connection is required, except to change the status alone.',
        tags,
        params: idParams,
        body: changeSchema,
        response,
      },
    },
    async (request, reply) => {
      const { status, ...change } = request.body;
      const { id } = request.params;
      const principal = principalOf(request);
      const ifMatch = ifMatchOf(request);
      if (status === undefined) requireIfMatch(ifMatch);
      const connection =
        status === undefined
          ? await lifecycle.edit(principal, id, change, ifMatch)
          : await lifecycle.setEnabled(principal, id, status === 'active', ifMatch);
      return reply.header('etag', etagOf(connection)).send(answer(connection));
    },
  );

  routes.post(
    '/v1/connections/:id/disconnect',
    {
      config: manages('org'),
      schema: {
        summary: 'Disconnect: destroy its credentials and keep its data',
        description:
          'Webhooks are taken off at the provider and tokens revoked where it can. The webhook URL stays the same when it is reconnected.',
        tags,
        params: idParams,
        response: { 200: connectionSchema.extend({ notes: notesSchema }), ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const done = await leave.disconnect(principalOf(request), id, ifMatchOf(request));
      return { ...answer(done.connection), notes: [...done.notes] };
    },
  );

  routes.post(
    '/v1/connections/:id/reconnect',
    {
      config: manages('org'),
      schema: {
        summary: 'Reconnect a connection that only receives',
        description:
          'One that calls its provider is reconnected by a new credential: PUT /v1/connections/{id}/credential, or POST /v1/oauth/authorizations with its id.',
        tags,
        params: idParams,
        response,
      },
    },
    async (request) => answer(await lifecycle.reconnect(principalOf(request), request.params.id)),
  );

  routes.put(
    '/v1/connections/:id/credential',
    {
      config: manages('org'),
      schema: {
        summary: 'Give a connection a new credential, which also reconnects it',
        tags,
        params: idParams,
        body: credentialInput,
        response,
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      // Before the provider is asked: whose connection it is.
      const { provider, settings } = await forTenant(database, principal).transaction((tx) =>
        new ConnectionStore(tx).own(principal, id),
      );
      const credential = await options.obtainCredential({
        principal,
        adapter: findAdapter(adapters, provider),
        settings: { ...settings },
        input: request.body,
      });
      return answer(await lifecycle.authenticate(principal, id, credential));
    },
  );

  routes.delete(
    '/v1/connections/:id',
    {
      config: manages('org'),
      schema: {
        summary: 'Delete a connection with its credentials, checks and log',
        description: 'Its events stay in the outbox. The answer says what was removed.',
        tags,
        params: idParams,
        response: { 200: deletedSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { removed, notes } = await leave.delete(principalOf(request), id, ifMatchOf(request));
      return { id, removed, kept: KEPT, notes: [...notes] };
    },
  );
}

function ifMatchOf({ headers }: FastifyRequest): string | undefined {
  return headers['if-match'];
}
