import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { isStorableText } from '../connections/storable.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { notPaged } from '../http/paging.ts';
import { type ConsumerRow, listConsumers, resumeConsumer } from './line.ts';
import { countWaiting } from './measure.ts';

export interface ConsumerRouteOptions {
  readonly bus: Bus;
  readonly database: Database;
}

const consumerSchema = z
  .object({
    name: z.string(),
    topic: z.string(),
    subscribed_at: z.string(),
    state: z.enum(['running', 'stopped']),
    stopped_at: z.string().nullable(),
    stopped_reason: z.string().nullable().describe('Name and code of the error that stopped it.'),
    stopped_event_id: z
      .string()
      .nullable()
      .describe('The event it stopped at; null also when that is not yours.'),
    open_dead_letters: z.int(),
    retrying: z.int().describe('Messages that failed and are tried again.'),
    oldest_retrying_seconds: z
      .number()
      .nullable()
      .describe('Age of the oldest of them, since its receipt.'),
    backlog_messages: z
      .int()
      .nullable()
      .describe('Not settled yet, over all tenants; null where only Pub/Sub can tell.'),
  })
  .meta({ id: 'Consumer' });

/** `GET /v1/consumers`, `POST /v1/consumers/{name}/resume`. */
export async function consumerRoutes(
  app: FastifyInstance,
  { bus, database }: ConsumerRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/consumers',
    {
      config: reads('installation'),
      schema: {
        summary: 'List consumers: whether each goes on, and what waits',
        description: notPaged('consumers are parts of the product, a few dozen at most.'),
        tags: ['consumers'],
        response: { 200: z.object({ consumers: z.array(consumerSchema) }), ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      return { consumers: await shown(tenantId, await listConsumers(database)) };
    },
  );

  routes.post(
    '/v1/consumers/:name/resume',
    {
      config: manages('installation'),
      schema: {
        summary: 'Let a stopped consumer go on',
        tags: ['consumers'],
        params: z.object({ name: z.string().max(255).refine(isStorableText, 'is no name') }),
        response: { 200: consumerSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      const row = await resumeConsumer(database, request.params.name);
      const [consumer] = await shown(tenantId, [row]);
      return consumer;
    },
  );

  async function shown(tenantId: string, rows: readonly ConsumerRow[]) {
    const waiting = await countWaiting(database, tenantId);
    return rows.map((row): z.infer<typeof consumerSchema> => {
      const of = (state: string) =>
        waiting.find((one) => one.consumer === row.name && one.state === state);
      const oldest = of('retrying')?.oldest;
      return {
        name: row.name,
        topic: row.topic,
        subscribed_at: row.subscribed_at.toISOString(),
        state: row.state,
        stopped_at: row.stopped_at?.toISOString() ?? null,
        stopped_reason: row.stopped_reason,
        stopped_event_id: row.stopped_tenant_id === tenantId ? row.stopped_event_id : null,
        open_dead_letters: Number(of('open')?.count ?? 0),
        retrying: Number(of('retrying')?.count ?? 0),
        oldest_retrying_seconds: oldest
          ? Math.max(0, (Date.now() - oldest.getTime()) / 1_000)
          : null,
        backlog_messages: bus.backlog?.(row.topic, row.name) ?? null,
      };
    });
  }
}
