import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Database } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { RequestInProgress } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { idParams } from '../connections/inputs.ts';
import { ConnectionStore } from '../connections/store.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { notPaged } from '../http/paging.ts';
import type { Registration } from './registration.ts';
import type { RegistrationService } from './registration-service.ts';
import { visibleRegistrations } from './registration-store.ts';

export interface RegistrationRouteOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly database: Database;
  readonly registrations: RegistrationService;
}

const registrationSchema = z.object({
  resource: z.string().describe("What it is for, in the provider's words."),
  state: z
    .enum(['pending', 'active', 'expired', 'failed'])
    .describe(
      'pending: the provider has not confirmed it yet. failed: the provider refused it, or to extend it; see failure. What it keeps lasts until expires_at.',
    ),
  external_id: z.string().nullable().describe("The provider's id of it."),
  expires_at: z.string().nullable(),
  renewed_at: z.string().nullable().describe('When it was last registered or extended.'),
  failure: z
    .object({
      code: z.string(),
      detail: z.string(),
      count: z.int().describe('In a row.'),
      retry_at: z.string().nullable(),
    })
    .nullable(),
});

const listSchema = z.object({
  by_api: z
    .boolean()
    .describe('False where webhooks of the provider are set up at the provider by hand.'),
  registrations: z.array(registrationSchema),
});

/** How long a request waits for another process that is at the same connection. */
const WAIT_MS = 1_000;

/** `/v1/connections/:id/registrations`: the webhooks that the provider keeps, and keeping them now. */
export async function registrationRoutes(
  app: FastifyInstance,
  { adapters, database, registrations }: RegistrationRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/connections/:id/registrations',
    {
      config: reads('org'),
      schema: {
        summary: 'Webhooks that the provider keeps for a connection',
        description: notPaged('there are a few of a connection.'),
        tags: ['connections'],
        params: idParams,
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return forTenant(database, principal).transaction(async (tx) => {
        const { provider } = await new ConnectionStore(tx).find(principal, request.params.id);
        const rows = await visibleRegistrations(tx, principal.tenantId, request.params.id);
        return shown(provider, rows);
      });
    },
  );

  routes.post(
    '/v1/connections/:id/registrations/sync',
    {
      config: manages('org'),
      schema: {
        summary: 'Register, extend and remove webhooks of a connection now',
        description: `Also extends what is not due yet, and tries again what waits for its next attempt. What the provider refuses is in the answer, with its reason. ${notPaged('there are a few of a connection.')}`,
        tags: ['connections'],
        params: idParams,
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      const { provider } = await forTenant(database, principal).transaction((tx) =>
        new ConnectionStore(tx).own(principal, id),
      );
      const outcome = await registrations.ensure(id, { all: true, waitMs: WAIT_MS });
      if (outcome.held) return shown(provider, outcome.result);
      throw new RequestInProgress(
        'The webhooks of this connection are being registered just now. Look at them in a moment.',
        { retryAfterSeconds: 5 },
      );
    },
  );

  function shown(provider: string, rows: readonly Registration[]) {
    return {
      by_api: adapters.get(provider)?.api?.webhooks !== undefined,
      registrations: rows.map(viewOf),
    };
  }
}

function viewOf(row: Registration) {
  const isExpired =
    row.state === 'active' && row.expiresAtMs !== null && row.expiresAtMs <= Date.now();
  return {
    resource: row.resource,
    state: isExpired ? ('expired' as const) : row.state,
    external_id: row.externalId,
    expires_at: isoOf(row.expiresAtMs),
    renewed_at: isoOf(row.renewedAtMs),
    failure:
      row.failure === null
        ? null
        : {
            code: row.failure,
            detail: row.failureDetail ?? '',
            count: row.failures,
            retry_at: isoOf(row.retryAtMs),
          },
  };
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
