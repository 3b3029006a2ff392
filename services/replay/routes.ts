import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import {
  InvalidRequest,
  NotFound,
  ReplayLimitReached,
  ReplayStateConflict,
  ReplayTooLarge,
} from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import { decodeCursor } from '../http/cursor.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { cursorAfter, nextCursor, pageQuery } from '../http/paging.ts';
import { estimateSchema, replayRequestSchema, replaySchema, shown } from './api-schemas.ts';
import { countEvents, estimateReplay } from './estimate.ts';
import {
  type BoundPredicate,
  boundPredicate,
  outboxFilter,
  type Predicate,
  receiptRange,
} from './predicate.ts';
import type { PredicateStore } from './predicate-store.ts';
import type { ReplayMove, ReplayStore } from './replay-store.ts';

export interface ReplayRouteOptions {
  readonly warehouse: Warehouse;
  /** Those that a request may see. */
  readonly replays: (scope: TenantScope) => ReplayStore;
  readonly predicates: (scope: TenantScope) => PredicateStore;
  /** Whether Google bills for what a replay moves. */
  readonly billed: boolean;
  readonly nowMs?: () => number;
}

const params = z.object({ id: z.uuid().describe('Id of a replay.') });

const MOVES: readonly { readonly move: ReplayMove; readonly summary: string }[] = [
  { move: 'pause', summary: 'Pause a replay' },
  { move: 'resume', summary: 'Go on with a replay that is paused or has failed' },
  { move: 'cancel', summary: 'End a replay where it is' },
];

/** `/v1/replays`: have a part of the outbox published again, see how far it is, steer it. */
export async function replayRoutes(
  app: FastifyInstance,
  options: ReplayRouteOptions,
): Promise<void> {
  const { warehouse, replays, nowMs = Date.now } = options;
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/replays',
    {
      config: {
        ...manages('tenant'),
        idempotent: true,
        problems: [ReplayTooLarge, ReplayLimitReached, NotFound],
      },
      schema: {
        summary: 'Publish events of the outbox again',
        description:
          'Events keep their ids; consumers decide by their ledgers and the mode. With dry_run nothing is published and the answer is an estimate.',
        tags: ['replays'],
        body: replayRequestSchema,
        response: { 200: estimateSchema, 201: replaySchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { body } = request;
      const predicate = await predicateOf(options.predicates(principal), principal, body, nowMs());
      const range = receiptRange(predicate);
      const filter = outboxFilter(principal.tenantId, predicate);
      if (body.dry_run) {
        const estimate = await estimateReplay(warehouse, range, filter, options.billed);
        const exceeds_max_events = estimate.events > body.max_events;
        return reply
          .code(200)
          .send({ dry_run: true as const, predicate, ...estimate, exceeds_max_events });
      }
      const matched = await countEvents(warehouse, range, filter);
      if (matched > body.max_events) throw tooLarge(matched, body.max_events);
      const replay = await replays(principal).insert({
        tenantId: principal.tenantId,
        orgId: predicate.org_id ?? null,
        predicate,
        predicateName: body.predicate_name ?? null,
        consumer: body.consumer ?? null,
        mode: body.mode,
        ratePerSecond: body.rate_per_second,
        maxEvents: body.max_events,
        matched,
        createdBy: principal.actor,
      });
      return reply.code(201).send(shown(replay));
    },
  );

  routes.get(
    '/v1/replays',
    {
      config: reads('tenant'),
      schema: {
        summary: 'List replays, newest first',
        tags: ['replays'],
        querystring: z.object(pageQuery),
        response: {
          200: z.object({ replays: z.array(replaySchema), next_cursor: nextCursor }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { cursor, limit } = request.query;
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, [isUuid]);
      const found = await replays(principal).list(principal, { limit, after });
      return {
        replays: found.map(shown),
        next_cursor: cursorAfter(found, limit, ({ id }) => [id]),
      };
    },
  );

  routes.get(
    '/v1/replays/:id',
    {
      config: reads('tenant'),
      schema: {
        summary: 'One replay: how far it is, and its receipt',
        tags: ['replays'],
        params,
        response: { 200: replaySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return shown(await replays(principal).get(principal, request.params.id));
    },
  );

  for (const { move, summary } of MOVES) {
    routes.post(
      `/v1/replays/:id/${move}`,
      {
        config: { ...manages('tenant'), problems: [ReplayStateConflict] },
        schema: {
          summary,
          tags: ['replays'],
          params,
          response: { 200: replaySchema, ...PROBLEMS },
        },
      },
      async (request) => {
        const principal = principalOf(request);
        return shown(await replays(principal).move(principal, request.params.id, move));
      },
    );
  }
}

function isUuid(text: string): boolean {
  return z.uuid().safeParse(text).success;
}

/** What is asked for, within what the principal may see. */
async function predicateOf(
  predicates: PredicateStore,
  { tenantId, orgId }: Principal,
  asked: { readonly predicate: Predicate; readonly predicate_name?: string | undefined },
  nowMs: number,
): Promise<BoundPredicate> {
  const { predicate, predicate_name } = asked;
  const saved = predicate_name ? (await predicates.get(tenantId, predicate_name)).predicate : {};
  const bound = boundPredicate({ ...saved, ...predicate }, nowMs);
  if (orgId === null) return bound;
  if (bound.org_id !== undefined && bound.org_id !== orgId) {
    throw new InvalidRequest('The predicate names another organisation than your own.');
  }
  return { ...bound, org_id: orgId };
}

function tooLarge(matched: number, maxEvents: number): ReplayTooLarge {
  return new ReplayTooLarge(
    `${matched} events agree, which is more than max_events (${maxEvents}). Narrow the predicate, or raise max_events.`,
  );
}
