import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets, SecretVersion } from '#platform/secrets/secrets.ts';
import { InternalError } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import type { Audit } from '../audit-log/record.ts';
import { chooseSecret } from '../connections/choose-secret.ts';
import type { Connection } from '../connections/connection.ts';
import { idParams } from '../connections/inputs.ts';
import { ConnectionStore } from '../connections/store.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { WebhookSecrets } from './webhook-secrets.ts';

export interface SecretRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly audit: Audit;
  readonly database: Database;
  readonly secrets: Secrets;
  readonly publicUrl: () => string;
}

const versionsSchema = z.object({
  secret_ref: z.string(),
  versions: z
    .array(
      z.object({
        version: z.int(),
        state: z.enum(['enabled', 'disabled', 'destroyed']),
        created_at: z.string(),
      }),
    )
    .describe('Newest first. Webhooks signed with any enabled one are taken.'),
});

const rotatedSchema = versionsSchema.extend({
  version: z.int().describe('The one that was added.'),
  secret: z
    .string()
    .optional()
    .describe('A secret that was made just now. It is never shown again.'),
  webhook_url: z
    .string()
    .optional()
    .describe('The new URL to give to the provider, where it ends in a secret segment.'),
});

/** `/v1/connections/:id/secret`: rotate signing secrets with an overlap. */
export async function secretRoutes(
  app: FastifyInstance,
  options: SecretRouteOptions,
): Promise<void> {
  const { adapters, audit, database } = options;
  const webhookSecrets = new WebhookSecrets(options.secrets);
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/connections/:id/secret',
    {
      config: reads('org'),
      schema: {
        summary: 'List the versions of a signing secret',
        tags: ['connections'],
        params: idParams,
        response: { 200: versionsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const store = new ConnectionStore(forTenant(database, principal));
      const { secretRef } = await store.find(principal, request.params.id);
      return shown(secretRef, await webhookSecrets.list(secretRef));
    },
  );

  routes.post(
    '/v1/connections/:id/secret/rotate',
    {
      config: manages('org'),
      schema: {
        summary: 'Add a signing secret',
        description:
          'Webhooks signed with it or with an earlier one are taken until the earlier ones are retired.',
        tags: ['connections'],
        params: idParams,
        body: z.strictObject({
          secret: z
            .string()
            .min(8)
            .max(10_000)
            .optional()
            .describe('Without it one is made for the providers that let us choose it.'),
        }),
        response: { 200: rotatedSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id, provider, settings, secretRef } = await changed(
        database,
        principal,
        request.params.id,
      );
      const adapter = adapters.get(provider);
      if (!adapter) throw new InternalError(`There is no adapter for ${provider} any more.`);
      const { secret, made } = chooseSecret(adapter, settings, request.body.secret);
      const before = shown(secretRef, await webhookSecrets.list(secretRef));
      const { version } = await webhookSecrets.rotate(secretRef, secret);
      const after = shown(secretRef, await webhookSecrets.list(secretRef));
      const subject = { type: 'connection', id };
      await audit(principal, 'connection.secret_rotated', subject, before, after);
      const url = `${options.publicUrl()}/webhooks/${provider}/${id}`;
      return {
        ...after,
        version,
        ...(made && { secret }),
        ...(adapter.secretPath && { webhook_url: withPathSecret(url, secret) }),
      };
    },
  );

  routes.post(
    '/v1/connections/:id/secret/retire',
    {
      config: manages('org'),
      schema: {
        summary: 'Retire old signing secrets',
        description: 'Destroys them: webhooks signed with one of them are refused from then on.',
        tags: ['connections'],
        params: idParams,
        body: z.strictObject({
          version: z.int().min(1).describe('The oldest one that stays. All before it are retired.'),
        }),
        response: { 200: versionsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id, secretRef } = await changed(database, principal, request.params.id);
      const before = shown(secretRef, await webhookSecrets.list(secretRef));
      const versions = await webhookSecrets.retire(secretRef, request.body.version);
      const after = shown(secretRef, versions);
      const subject = { type: 'connection', id };
      await audit(principal, 'connection.secret_retired', subject, before, after);
      return after;
    },
  );
}

/** A connection that the caller may change. @throws NotFound, NotPermitted */
function changed(database: Database, principal: Principal, id: string): Promise<Connection> {
  return forTenant(database, principal).transaction((tx) =>
    new ConnectionStore(tx).own(principal, id),
  );
}

function shown(secret_ref: string, versions: readonly SecretVersion[]) {
  return {
    secret_ref,
    versions: versions.map(({ version, state, createdAtMs }) => ({
      version,
      state,
      created_at: new Date(createdAtMs).toISOString(),
    })),
  };
}
