import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { NotFound, NotPermitted, SessionRequired } from '#schemas/problems.ts';
import { manages } from '../access/access.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import { labelsSchema } from '../connections/inputs.ts';
import { isStorableJson, isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { PROBLEMS } from '../http/openapi.ts';
import type { ConsentRequest, Consents } from './consents.ts';
import type { Session } from './lifecycle.ts';

export interface AuthorizationRouteOptions {
  readonly consents: Consents;
  readonly database: Database;
  /**
   * The settings that a new connection of the provider would have, before anybody is asked for consent.
   *
   * @throws InvalidRequest, InvalidSettings
   */
  readonly checkSettings: (
    provider: string,
    settings: Record<string, unknown>,
  ) => Record<string, unknown>;
  readonly sessionOf: (request: FastifyRequest) => Promise<Session | null>;
}

const text = (max: number) => z.string().max(max).refine(isStorableText, NOT_STORABLE);

const OF_NEW = ['provider', 'name', 'settings', 'labels'] as const;

const consentSchema = z
  .strictObject({
    connection_id: text(100)
      .optional()
      .describe('The connection to authenticate again. Without it a new one is made.'),
    provider: text(50).optional().describe('Of a new connection.'),
    name: text(100).trim().min(1).optional().describe('Of a new connection.'),
    settings: z
      .record(z.string(), z.unknown())
      .refine(isStorableJson, NOT_STORABLE)
      .optional()
      .describe('Of a new connection.'),
    labels: labelsSchema.optional().describe('Of a new connection.'),
    scopes: z
      .array(text(200))
      .max(50)
      .default([])
      .describe('Optional scopes to ask for. Required ones are asked for always.'),
  })
  .superRefine((body, context) => {
    for (const name of OF_NEW) {
      const given = body[name] !== undefined;
      const needed = name === 'provider' || name === 'name';
      if (body.connection_id !== undefined && given) {
        const message = 'A connection that is there keeps it: leave it out, or connection_id.';
        context.addIssue({ code: 'custom', path: [name], message });
      }
      if (body.connection_id === undefined && needed && !given) {
        const message = 'A new connection needs it.';
        context.addIssue({ code: 'custom', path: [name], message });
      }
    }
  });

const startedSchema = z.object({
  authorization_url: z.string().describe('Where the browser is to go.'),
  expires_at: z.string().describe('Until when it has to come back.'),
  scopes: z.array(z.string()).describe('What is asked for.'),
});

/** `POST /v1/oauth/authorizations`: begins a connection by consent. */
export async function authorizationRoutes(
  app: FastifyInstance,
  { consents, database, checkSettings, sessionOf }: AuthorizationRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/oauth/authorizations',
    {
      config: manages('org'),
      schema: {
        summary: 'Ask a user for consent at the provider',
        description:
          'For a new connection, or to authenticate one again. Only a signed-in browser can, as only that browser can bring the consent back.',
        tags: ['oauth'],
        body: consentSchema,
        response: { 201: startedSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const session = await sessionOf(request);
      if (!session) throw sessionRequired();
      const { connection_id, provider = '', name = '', settings = {}, labels = {} } = request.body;
      const asked =
        connection_id === undefined
          ? {
              provider,
              name,
              labels,
              settings: checkSettings(provider, settings),
              connectionId: null,
            }
          : await again(database, principal, connection_id);
      const { url, expiresAt, scopes } = await consents.start(principal, session, {
        ...asked,
        scopes: request.body.scopes,
      });
      return reply
        .code(201)
        .send({ authorization_url: url, expires_at: expiresAt.toISOString(), scopes: [...scopes] });
    },
  );
}

export function sessionRequired(): SessionRequired {
  return new SessionRequired(
    'Consent is asked for in a browser that is signed in, and has to come back to the same one. Sign in, and connect again.',
  );
}

/** What a connection that is there was made with. */
async function again(
  database: Database,
  principal: Principal,
  connectionId: string,
): Promise<Omit<ConsentRequest, 'scopes'>> {
  const { tenantId, orgId } = principal;
  const [row] = await forTenant(database, principal).query<{
    provider: string;
    name: string;
    settings: Record<string, unknown>;
    own: boolean;
  }>(
    `SELECT provider, name, settings, org_id IS NOT DISTINCT FROM $3 AS own FROM connections
     WHERE tenant_id = $1 AND id = $2 AND (org_id IS NULL OR org_id = $3)`,
    [tenantId, connectionId, orgId],
  );
  if (!row) throw new NotFound(`There is no connection ${connectionId}.`);
  if (!row.own) {
    throw new NotPermitted(
      `Connection ${connectionId} is shared by all organisations. An administrator of the platform authenticates it.`,
    );
  }
  const { provider, name, settings } = row;
  return { provider, name, settings, labels: {}, connectionId };
}
