import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { type AuditOptions, audit } from './audit.ts';
import { auditReportSchema } from './audit-report.ts';
import { auditWindow } from './window.ts';

export interface AuditRouteOptions extends AuditOptions {
  /** Writes what this process has counted and not written yet. */
  readonly flushCounts: () => Promise<void>;
}

const question = z.object({
  from: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('Received from, RFC 3339; its minute is audited whole. Default an hour before to.'),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('Received before, RFC 3339. Default now; at most 31 days after from.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(100)
    .describe('At most so many events are named.'),
  grace_minutes: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_440)
    .default(10)
    .describe('For how long what is not there yet is on its way.'),
});

/** `GET /v1/audit`: the proof that nothing is lost, or the ids of what is. */
export async function auditRoutes(app: FastifyInstance, options: AuditRouteOptions): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/audit',
    {
      config: reads('platform'),
      schema: {
        summary:
          'Whether all that was accepted is stored, carried and consumed, or what is missing',
        tags: ['audit'],
        querystring: question,
        response: { 200: auditReportSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      const { from, to, limit, grace_minutes: graceMinutes } = request.query;
      await options.flushCounts();
      const nowMs = Date.now();
      const window = auditWindow({ from, to, graceMinutes }, nowMs);
      return audit(options, { tenantId, window, nowMs, limit });
    },
  );
}
