import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { idParams } from '../connections/inputs.ts';
import { ConnectionStore } from '../connections/store.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { listConnectionLog } from './connection-log.ts';
import { shownLine } from './health-view.ts';
import { logPageSchema, logQuerySchema } from './schemas.ts';

export interface LogRouteOptions {
  readonly database: Database;
}

const isLineId = (text: string) => /^\d{1,18}$/.test(text);

/** `GET /v1/connections/{id}/logs`: what happened with a connection. */
export async function connectionLogRoutes(
  app: FastifyInstance,
  { database }: LogRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/connections/:id/logs',
    {
      config: reads('org'),
      schema: {
        summary: 'What happened with a connection, latest first',
        tags: ['connections'],
        params: idParams,
        querystring: logQuerySchema,
        response: { 200: logPageSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { cursor, limit, ...filter } = request.query;
      const [before] = cursor === undefined ? [] : decodeCursor(cursor, [isLineId]);
      const own = forTenant(database, principal);
      const connection = await new ConnectionStore(own).find(principal, request.params.id);
      const lines = await listConnectionLog(own, connection, filter, { limit, before });
      const last = lines.at(-1);
      return {
        logs: lines.map(shownLine),
        next_cursor: last && lines.length === limit ? encodeCursor([last.id]) : null,
      };
    },
  );
}
