import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { manages, ROLES } from '../access/access.ts';
import { KEY_SCOPES } from '../access/key-scopes.ts';
import { principalOf } from '../access/principal.ts';
import type { Audit } from '../audit-log/record.ts';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { decodeCursor, encodeCursor, isInstant } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { nextCursor, pageQuery } from '../http/paging.ts';
import { makeApiKey } from './api-key.ts';
import { assertMayGrant, keyExpiry, MAX_DAYS } from './grant.ts';
import { type ApiKeyRow, insertApiKey, listApiKeys, lockApiKey, revokeApiKey } from './store.ts';

export interface ApiKeyRouteOptions {
  readonly database: Database;
  readonly audit: Audit;
  readonly nowMs?: () => number;
}

const keySchema = z
  .object({
    id: z.string(),
    prefix: z.string().describe('How the key begins.'),
    name: z.string(),
    org_id: z.string().nullable().describe('Null for a key of the platform level.'),
    role: z.enum(ROLES),
    scopes: z.array(z.string()).describe('Empty for all that the role may.'),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    revoked_by: z.string().nullable(),
    last_used_at: z.string().nullable().describe('To the minute.'),
    created_by: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'ApiKey' });

const draftSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .refine(isStorableText, NOT_STORABLE)
    .refine((text) => !/\p{Cc}/u.test(text), 'holds a control character'),
  role: z.enum(ROLES).default('member').describe('Not higher than your own.'),
  scopes: z
    .array(z.enum(KEY_SCOPES))
    .max(KEY_SCOPES.length)
    .default([])
    .describe('Parts of the API it is for; write holds read. Empty for all that the role may.'),
  expires_at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(`At most ${MAX_DAYS} days from now, which is the default.`),
});

const isId = (text: string) => /^tk_[a-z2-7]{8}$/.test(text);

/** `/v1/api-keys`: keys of programs; made, listed, revoked. */
export async function apiKeyRoutes(
  app: FastifyInstance,
  { database, audit, nowMs = Date.now }: ApiKeyRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const tags = ['api keys'];

  routes.post(
    '/v1/api-keys',
    {
      config: manages('org'),
      schema: {
        summary: 'Make an API key',
        description: 'For the organisation acted for. The answer holds the key, this once.',
        tags,
        body: draftSchema,
        response: {
          201: keySchema.extend({ key: z.string().describe('Never shown again.') }),
          ...PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { name, role, scopes, expires_at } = request.body;
      const draft = { name, role, scopes, expiresAt: keyExpiry(expires_at, nowMs()) };
      assertMayGrant(principal, draft);
      const made = makeApiKey();
      const view = await forTenant(database, principal).transaction(async (tx) => {
        const created = shown(await insertApiKey(tx, principal, made, draft));
        await audit(principal, 'api_key.created', subjectOf(created), null, created, tx);
        return created;
      });
      reply.header('cache-control', 'no-store');
      return reply.code(201).send({ ...view, key: made.key });
    },
  );

  routes.get(
    '/v1/api-keys',
    {
      config: manages('org'),
      schema: {
        summary: 'List API keys, newest first, with those that have ended',
        tags,
        querystring: z.strictObject(pageQuery),
        response: {
          200: z.object({
            api_keys: z.array(keySchema),
            next_cursor: nextCursor,
          }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { limit, cursor: given } = request.query;
      const before = given === undefined ? [] : decodeCursor(given, [isInstant, isId]);
      const page = { limit, before };
      const rows = await listApiKeys(forTenant(database, principal), principal, page);
      const keys = rows.map(shown);
      const last = keys.at(-1);
      return {
        api_keys: keys,
        next_cursor:
          last && keys.length === limit ? encodeCursor([last.created_at, last.id]) : null,
      };
    },
  );

  routes.delete(
    '/v1/api-keys/:id',
    {
      config: manages('org'),
      schema: {
        summary: 'Revoke an API key; it stays in the list',
        tags,
        params: z.object({ id: z.string().refine(isStorableText, NOT_STORABLE) }),
        response: { 200: keySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      return forTenant(database, principal).transaction(async (tx) => {
        const before = shown(await lockApiKey(tx, principal, id));
        if (before.revoked_at !== null) return before;
        const after = shown(await revokeApiKey(tx, principal, id));
        await audit(principal, 'api_key.revoked', subjectOf(after), before, after, tx);
        return after;
      });
    },
  );
}

function subjectOf({ id }: { readonly id: string }) {
  return { type: 'api_key', id };
}

function shown(row: ApiKeyRow) {
  return {
    ...row,
    scopes: [...row.scopes],
    expires_at: row.expires_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
