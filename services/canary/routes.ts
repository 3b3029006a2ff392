import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { isStorableText } from '../connections/storable.ts';
import { decodeCursor } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { cursorAfter, nextCursor, pageQuery } from '../http/paging.ts';
import { canaryState } from './canary-state.ts';
import type { CanaryStore } from './canary-store.ts';

export interface CanaryRouteOptions {
  readonly canaries: (scope: TenantScope) => CanaryStore;
  /** 0 when none are sent. */
  readonly intervalMinutes: number;
}

const canarySchema = z
  .object({
    connection_id: z.string(),
    state: z
      .enum(['ok', 'on_its_way', 'late'])
      .describe('ok: the latest came all the way. late: none has come for two intervals.'),
    sent_at: z.string().describe('When the latest was sent.'),
    outboxed: z.boolean(),
    published: z.boolean().describe('It has a proof of passage.'),
    consumed_at: z.string().nullable(),
    last_arrived_sent_at: z
      .string()
      .nullable()
      .describe('When the latest was sent that came all the way.'),
  })
  .meta({ id: 'Canary' });

/** `GET /v1/canaries`: by connection, how far its latest canary has come. */
export async function canaryRoutes(
  app: FastifyInstance,
  { canaries, intervalMinutes }: CanaryRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/canaries',
    {
      config: reads('platform'),
      schema: {
        summary: 'How far the latest canary of each connection has come',
        tags: ['health'],
        querystring: z.strictObject(pageQuery),
        response: {
          200: z.object({
            interval_minutes: z.int().describe('0 when no canaries are sent.'),
            canaries: z.array(canarySchema),
            next_cursor: nextCursor,
          }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { cursor, limit } = request.query;
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, [isStorableText]);
      const rows = await canaries(principal).latest(principal.tenantId, { after, limit });
      return {
        interval_minutes: intervalMinutes,
        canaries: rows.map((row) => ({
          connection_id: row.connection_id,
          state: canaryState(row, intervalMinutes, Date.now()),
          sent_at: row.sent_at.toISOString(),
          outboxed: row.outboxed,
          published: row.published,
          consumed_at: row.consumed_at?.toISOString() ?? null,
          last_arrived_sent_at: row.arrived_sent_at?.toISOString() ?? null,
        })),
        next_cursor: cursorAfter(rows, limit, (row) => [row.connection_id]),
      };
    },
  );
}
