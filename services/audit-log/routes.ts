import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import { manages } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { nextCursor, pageQuery } from '../http/paging.ts';
import { auditPage } from './page.ts';

export interface AuditLogRouteOptions {
  readonly database: TenantDatabase;
}

const text = z.string().max(300).refine(isStorableText, NOT_STORABLE);

const filters = z.object({
  action: text.optional().describe('"subject.verb", for example connection.disconnected.'),
  actor: text.optional(),
  subject_type: text.optional(),
  subject_id: text.optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Inclusive, RFC 3339.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Exclusive, RFC 3339.'),
  ...pageQuery,
});

const state = z.record(z.string(), z.unknown()).nullable();

const entrySchema = z.object({
  id: z.string(),
  happened_at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject_type: z.string(),
  subject_id: z.string(),
  org_id: z.string().nullable(),
  before: state.describe('The subject as it was, without secrets.'),
  after: state.describe('The subject as it became, without secrets.'),
  request_id: z.string().nullable(),
});

/** `GET /v1/audit-log`: who changed what. */
export async function auditLogRoutes(
  app: FastifyInstance,
  { database }: AuditLogRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/audit-log',
    {
      config: manages('tenant'),
      schema: {
        summary: 'List what was changed and by whom, newest first',
        tags: ['audit'],
        querystring: filters,
        response: {
          200: z.object({ entries: z.array(entrySchema), next_cursor: nextCursor }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { limit, cursor, ...filter } = request.query;
      return auditPage(forTenant(database, principal), principal, filter, { limit, cursor });
    },
  );
}
