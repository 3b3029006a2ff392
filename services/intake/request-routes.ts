import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { decodeCursor, isInstant } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { cursorAfter, nextCursor, pageQuery } from '../http/paging.ts';
import type { RequestLog } from './request-log.ts';

export interface RequestRouteOptions {
  readonly warehouse: Warehouse;
  readonly log: RequestLog;
  /** Whose administrators run this installation. */
  readonly operatorTenantId: string;
}

const requestSchema = z
  .object({
    request_id: z.string(),
    received_at: z.string(),
    connection_id: z.string().nullable(),
    provider: z.string(),
    outcome: z.enum(['rejected', 'skipped', 'duplicate']),
    reason: z.string().describe('Stable word; docs/errors.md lists all.'),
    detail: z.string().nullable(),
    http_status: z.int(),
    body_bytes: z.int(),
    remote_address: z.string().nullable(),
    occurrences: z.int().describe('How many like requests the row stands for.'),
  })
  .meta({ id: 'WebhookRequest' });

/** `GET /v1/webhook-requests`: the requests that were not simply accepted, and why. */
export async function requestRoutes(
  app: FastifyInstance,
  options: RequestRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/webhook-requests',
    {
      config: reads('tenant'),
      schema: {
        summary: 'Refused, skipped and repeated webhook requests, newest first',
        tags: ['webhooks'],
        querystring: z.object({
          connection_id: z.string().optional(),
          ...pageQuery,
        }),
        response: {
          200: z.object({ requests: z.array(requestSchema), next_cursor: nextCursor }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const { tenantId, orgId } = principalOf(request);
      const { connection_id, cursor, limit } = request.query;
      const [receivedAt, requestId, occurrences] =
        cursor === undefined ? [] : decodeCursor(cursor, [isInstant, () => true, isCount]);
      await options.log.flush();
      const requests = await options.warehouse.query<z.infer<typeof requestSchema>>(
        'webhook-requests',
        {
          tenant_id: tenantId,
          org_id: orgId,
          // Nobody's requests are for who runs the installation alone.
          with_unknown: tenantId === options.operatorTenantId && orgId === null,
          connection_id: connection_id ?? null,
          before_received_at: receivedAt ?? null,
          before_request_id: requestId ?? null,
          before_occurrences: occurrences === undefined ? null : Number(occurrences),
          row_limit: limit,
        },
      );
      return {
        requests,
        next_cursor: cursorAfter(requests, limit, (one) => [
          one.received_at,
          one.request_id,
          String(one.occurrences),
        ]),
      };
    },
  );
}

/** A request that stands in full and the row that counts those like it differ in nothing else. */
function isCount(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}
