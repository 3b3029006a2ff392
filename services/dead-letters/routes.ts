import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Bus } from '#platform/bus/bus.ts';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import { manages, reads } from '../access/access.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { decodeCursor } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { cursorAfter, nextCursor, pageQuery } from '../http/paging.ts';
import { dropMany, dropOne, retryMany, retryOne } from './actions.ts';
import { filterFields, filterSchema, isSequence } from './filter.ts';
import { findDeadLetter, listDeadLetters } from './store.ts';
import { deadLetterSchema, shownLetter, shownWhole, wholeDeadLetterSchema } from './view.ts';

export interface DeadLetterRouteOptions {
  readonly bus: Bus;
  readonly database: TenantDatabase;
}

const by = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isStorableText, NOT_STORABLE)
  .optional()
  .describe('Who does it, as they say; kept beside the credential.');
const reason = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .refine(isStorableText, NOT_STORABLE)
  .describe('Why nobody needs it; kept.');
const many = z.strictObject({
  filter: filterSchema.describe(
    'Which: empty for all. Those that are open, unless it says a state.',
  ),
  cursor: pageQuery.cursor,
  by,
});

const params = z.object({ id: z.string().max(100) });
const next_cursor = z
  .string()
  .nullable()
  .describe('Send it with the same filter for the rest; null when all is done.');

const listSchema = {
  summary: 'List dead letters, latest first failure first',
  tags: ['dead letters'],
  querystring: z.strictObject({ ...filterFields, ...pageQuery }),
  response: {
    200: z.object({
      dead_letters: z.array(deadLetterSchema),
      next_cursor: nextCursor,
    }),
    ...PROBLEMS,
  },
};

/** `/v1/dead-letters`: what consumers could not handle; read, tried again, dropped. */
export async function deadLetterRoutes(
  app: FastifyInstance,
  { bus, database: ofAll }: DeadLetterRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/dead-letters',
    { config: reads('platform'), schema: listSchema },
    async (request) => {
      const principal = principalOf(request);
      const { tenantId } = principal;
      const database = forTenant(ofAll, principal);
      const { cursor: given, limit, ...filter } = request.query;
      const [before] = given === undefined ? [] : decodeCursor(given, [isSequence]);
      const rows = await listDeadLetters(database, tenantId, filter, { limit, before });
      return {
        dead_letters: rows.map(shownLetter),
        next_cursor: cursorAfter(rows, limit, ({ sequence }) => [sequence]),
      };
    },
  );

  routes.get(
    '/v1/dead-letters/:id',
    {
      config: reads('platform'),
      schema: {
        summary: 'One dead letter, with its attempts and its message',
        tags: ['dead letters'],
        params,
        response: { 200: wholeDeadLetterSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const database = forTenant(ofAll, principal);
      return shownWhole(await findDeadLetter(database, principal.tenantId, request.params.id));
    },
  );

  routes.post(
    '/v1/dead-letters/:id/retry',
    {
      config: manages('platform'),
      schema: {
        summary: 'Publish a dead letter again, for its consumer alone',
        tags: ['dead letters'],
        params,
        body: z.strictObject({ by }).nullish(),
        response: { 200: deadLetterSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const database = forTenant(ofAll, principal);
      const who = { ...request.params, ...whoDoes(principal, request.body?.by) };
      return shownLetter(await retryOne({ bus, database }, who));
    },
  );

  routes.post(
    '/v1/dead-letters/:id/drop',
    {
      config: manages('platform'),
      schema: {
        summary: 'End a dead letter that nobody needs',
        tags: ['dead letters'],
        params,
        body: z.strictObject({ reason, by }),
        response: { 200: deadLetterSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const database = forTenant(ofAll, principal);
      const who = whoDoes(principal, request.body.by);
      const { id } = request.params;
      return shownLetter(await dropOne(database, { ...who, id, reason: request.body.reason }));
    },
  );

  routes.post(
    '/v1/dead-letters/retry',
    {
      config: manages('platform'),
      schema: {
        summary: 'Publish many dead letters again',
        tags: ['dead letters'],
        body: many,
        response: { 200: z.object({ retried: z.int(), next_cursor }), ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const database = forTenant(ofAll, principal);
      const who = whoDoes(principal, request.body.by);
      const { filter, cursor: given } = request.body;
      const done = await retryMany({ bus, database }, { ...who, filter, cursor: given });
      return { retried: done.count, next_cursor: done.next_cursor };
    },
  );

  routes.post(
    '/v1/dead-letters/drop',
    {
      config: manages('platform'),
      schema: {
        summary: 'End many dead letters that nobody needs',
        tags: ['dead letters'],
        body: many.extend({ reason }),
        response: { 200: z.object({ dropped: z.int(), next_cursor }), ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const database = forTenant(ofAll, principal);
      const who = whoDoes(principal, request.body.by);
      const { filter, cursor: given, reason: why } = request.body;
      const done = await dropMany(database, { ...who, filter, cursor: given, reason: why });
      return { dropped: done.count, next_cursor: done.next_cursor };
    },
  );
}

/** In whose name, and by whom: as the credential says, and as they say themselves. */
function whoDoes({ tenantId, actor }: Principal, name: string | undefined) {
  return { tenantId, by: name === undefined ? actor : `${name} (${actor})` };
}
