import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Bus, BusMessage } from '#platform/bus/bus.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { reads } from '../access/access.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';

export interface StreamOptions {
  readonly bus: Bus;
}

const content = {
  'text/event-stream': {
    schema: z.string().meta({
      examples: ['id: 3f1c1e4c-6d0b-5a55-9a51-0c8d2b5a7b11\ndata: {"event_type":"deal.won"}\n\n'],
    }),
  },
};
const HEARTBEAT_MS = 15_000;
/** A reader that is this far behind misses messages instead of filling the server's memory. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** `GET /v1/events/stream`: a tenant's messages as they pass on the bus, as server-sent events. */
export async function streamRoute(app: FastifyInstance, options: StreamOptions): Promise<void> {
  const { bus } = options;
  const closers = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const close of closers) close();
  });

  app.get(
    '/v1/events/stream',
    {
      config: reads('tenant'),
      schema: {
        summary: 'Live events (server-sent events)',
        description:
          'Each event as it is published. Shows, but does not guarantee: use /v1/events to catch up.',
        tags: ['events'],
        response: { 200: { description: 'Until either side ends it.', content }, ...PROBLEMS },
        operationId: 'streamEvents',
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const response = reply.raw;
      let missed = 0;
      const onMessage = (message: BusMessage) => {
        if (!mayShow(message.attributes, principal) || !response.headersSent) return;
        if (response.writableLength > MAX_BUFFERED_BYTES) {
          missed += 1;
          return;
        }
        if (missed > 0) response.write(`event: missed\ndata: {"count":${missed}}\n\n`);
        missed = 0;
        response.write(`id: ${message.attributes.event_id}\ndata: ${message.data}\n\n`);
      };
      // First: from the answer on, the reader counts on seeing every event.
      const watching = await bus.watch(EVENTS_TOPIC, onMessage);
      reply.hijack();
      response.writeHead(200, {
        ...(reply.getHeaders() as OutgoingHttpHeaders),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write(': connected\n\n');
      const heartbeat = setInterval(() => response.write(': alive\n\n'), HEARTBEAT_MS).unref();
      const close = () => {
        clearInterval(heartbeat);
        closers.delete(close);
        void watching.close();
        // A reader that has stopped reading must not hold up the shutdown.
        response.end(() => request.raw.socket.destroySoon());
      };
      closers.add(close);
      response.on('close', close);
      if (response.destroyed) close();
    },
  );
}

/** Those of the principal's organisation and of the platform level; all of the tenant without one. */
function mayShow(
  { tenant_id, org_id }: BusMessage['attributes'],
  { tenantId, orgId }: Principal,
): boolean {
  return tenant_id === tenantId && (orgId === null || !org_id || org_id === orgId);
}
