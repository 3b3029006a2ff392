import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { eventSchema } from '#schemas/event.ts';
import { NotFound } from '#schemas/problems.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { nextCursor, pageQuery } from '../http/paging.ts';
import { type OutboxRow, rowToEvent } from '../outbox/event-row.ts';
import { cursorOf, positionOf, withoutRepetitions } from './page.ts';

export interface EventRouteOptions {
  readonly warehouse: Warehouse;
}

const filters = z.object({
  connection_id: z.string().optional(),
  provider: z.string().optional(),
  event_type: z.string().optional().describe('For example deal.won.'),
  entity_type: z.string().optional(),
  entity_id: z.string().optional(),
  received_from: z.iso.datetime({ offset: true }).optional().describe('Inclusive, RFC 3339.'),
  received_to: z.iso.datetime({ offset: true }).optional().describe('Exclusive, RFC 3339.'),
  ...pageQuery,
});

/** Registered for the document alone: the schema itself goes to other readers too. */
const shownSchema = eventSchema.meta({ id: 'Event' });

const pageSchema = z.object({ events: z.array(shownSchema), next_cursor: nextCursor });

const oneSchema = z.object({
  event: shownSchema,
  outbox_rows: z.int().describe('Rows of the outbox that hold this event; more than 1 is normal.'),
});

/** `GET /v1/events` and `GET /v1/events/{event_id}`: the outbox, one row per event. */
export async function eventRoutes(app: FastifyInstance, options: EventRouteOptions): Promise<void> {
  const { warehouse } = options;
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/events',
    {
      config: reads('tenant'),
      schema: {
        summary: 'List events, newest first',
        tags: ['events'],
        querystring: filters,
        response: { 200: pageSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId, orgId } = principalOf(request);
      const { cursor, limit, ...filter } = request.query;
      const before = cursor === undefined ? undefined : positionOf(cursor);
      const rows = await warehouse.query<OutboxRow & { repeated: boolean }>('events-page', {
        tenant_id: tenantId,
        org_id: orgId,
        connection_id: filter.connection_id ?? null,
        provider: filter.provider ?? null,
        event_type: filter.event_type ?? null,
        entity_type: filter.entity_type ?? null,
        entity_id: filter.entity_id ?? null,
        received_from: utc(filter.received_from),
        received_to: utc(filter.received_to),
        before_received_at: before?.receivedAt ?? null,
        before_event_id: before?.eventId ?? null,
        row_limit: limit,
      });
      const last = rows.at(-1);
      return {
        events: withoutRepetitions(rows).map(rowToEvent),
        next_cursor: last && rows.length === limit ? cursorOf(last) : null,
      };
    },
  );

  routes.get(
    '/v1/events/:event_id',
    {
      config: reads('tenant'),
      schema: {
        summary: 'One event',
        tags: ['events'],
        params: z.object({ event_id: z.string().max(100) }),
        response: { 200: oneSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId, orgId } = principalOf(request);
      const { event_id } = request.params;
      const [row] = await warehouse.query<OutboxRow & { outbox_rows: number }>('event-by-id', {
        tenant_id: tenantId,
        org_id: orgId,
        event_id,
      });
      if (!row) throw new NotFound(`There is no event ${event_id}.`);
      return { event: rowToEvent(row), outbox_rows: row.outbox_rows };
    },
  );
}

function utc(instant: string | undefined): string | null {
  return instant === undefined ? null : new Date(instant).toISOString();
}
