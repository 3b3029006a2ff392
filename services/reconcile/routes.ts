import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ReconcileRunning } from '#schemas/problems.ts';
import { manages, reads } from '../access/access.ts';
import { principalOf } from '../access/principal.ts';
import { PROBLEMS } from '../http/openapi.ts';
import type { Reconciler, ReconcileStatus } from './reconciler.ts';
import { reportSchema } from './report.ts';

export interface ReconcileRouteOptions {
  readonly reconciler: Reconciler;
}

const instant = (description: string) =>
  z.iso.datetime({ offset: true }).optional().describe(`${description} RFC 3339.`);

const requestSchema = z.strictObject({
  dry_run: z.boolean().default(false).describe('Say what is missing, and heal nothing.'),
  from: instant('Compare what was received or published from then on. Default: what is due.'),
  to: instant('Compare what came before then. Default: all that had time to arrive.'),
});

/** Gaps of the caller's tenant that are named; the others are counted. */
const NAMED_GAPS = 100;

const outcomeSchema = z.object({
  report: reportSchema.describe('Counts are of the whole installation.'),
  event_ids: z
    .object({
      publish: z.array(z.string()).describe('Events of the caller that had no proof, some.'),
      append: z.array(z.string()).describe('Events of the caller that had no outbox row, some.'),
    })
    .describe(`At most ${NAMED_GAPS} of each.`),
});

const directionSchema = z.object({
  compared_through: z.string().describe('Everything before was compared at least once.'),
  behind_seconds: z.int(),
});

const statusSchema = z
  .object({
    state: reportSchema.shape.state,
    reason: reportSchema.shape.reason,
    state_since: z.string(),
    since: z.string().describe('Proofs are complete from then on; nothing earlier is compared.'),
    publish: directionSchema.describe('Outbox rows without proof are published again.'),
    append: directionSchema.describe('Proofs without outbox row are appended.'),
    awaiting: z.int().describe('Events that were published again and have no proof yet.'),
    unproven: z.int().describe('Events that were published again three times, without proof.'),
    unusable: z.int().describe('Messages that are no events, and events that cannot be carried.'),
    stuck: z
      .array(
        z.object({
          direction: z.enum(['publish', 'append']),
          state: z.enum(['unproven', 'unusable']),
          event_id: z.string(),
          at: z.string(),
          reason: z.string().nullable(),
          attempts: z.int(),
        }),
      )
      .describe('Of the caller: what is unproven or unusable, newest first, at most 100.'),
    runs: z
      .array(
        z.object({
          id: z.int(),
          kind: reportSchema.shape.kind,
          dry_run: z.boolean(),
          started_at: z.string(),
          finished_at: z.string().nullable(),
          report: reportSchema
            .nullable()
            .describe('Null while it runs, and of one that was killed.'),
        }),
      )
      .describe('The latest, newest first, at most 20.'),
  })
  .meta({ id: 'ReconcileStatus' });

/**
 * `/v1/reconcile`: an operator's act over the whole installation. Its answers count events of all
 * tenants and name those of the caller's alone.
 */
export async function reconcileRoutes(
  app: FastifyInstance,
  { reconciler }: ReconcileRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/reconcile',
    {
      config: { ...manages('installation'), problems: [ReconcileRunning] },
      schema: {
        operationId: 'runReconcile',
        summary: 'Compare outbox and proofs of passage now, and heal what one side lacks',
        tags: ['reconcile'],
        body: requestSchema,
        response: { 200: outcomeSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      const { dry_run, from, to } = request.body;
      const { report, found } = await reconciler.run({
        kind: 'manual',
        dryRun: dry_run,
        fromMs: from === undefined ? undefined : Date.parse(from),
        toMs: to === undefined ? undefined : Date.parse(to),
      });
      const idsOf = (direction: 'publish' | 'append') =>
        found
          .filter((gap) => gap.tenantId === tenantId && gap.direction === direction)
          .slice(0, NAMED_GAPS)
          .map(({ eventId }) => eventId);
      return { report, event_ids: { publish: idsOf('publish'), append: idsOf('append') } };
    },
  );

  routes.get(
    '/v1/reconcile',
    {
      config: reads('installation'),
      schema: {
        summary: 'How far outbox and proofs of passage have been compared, and what is not healed',
        tags: ['reconcile'],
        response: { 200: statusSchema, ...PROBLEMS },
      },
    },
    async (request) => toAnswer(await reconciler.status(principalOf(request).tenantId)),
  );

  routes.post(
    '/v1/reconcile/resume',
    {
      config: manages('installation'),
      schema: {
        summary: 'Let a suspended reconciliation try once more, with a few events',
        tags: ['reconcile'],
        response: { 200: statusSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      await reconciler.resume();
      return toAnswer(await reconciler.status(tenantId));
    },
  );
}

function toAnswer({
  progress,
  counts,
  stuck,
  runs,
}: ReconcileStatus): z.infer<typeof statusSchema> {
  const { state, sinceMs, publishedThroughMs, appendedThroughMs } = progress;
  return {
    state: state.name,
    reason: state.reason,
    state_since: new Date(state.sinceMs).toISOString(),
    since: new Date(sinceMs).toISOString(),
    publish: direction(publishedThroughMs),
    append: direction(appendedThroughMs),
    awaiting: counts.carried,
    unproven: counts.unproven,
    unusable: counts.unusable,
    stuck: [...stuck],
    runs: runs.map((run) => ({ ...run, report: reportOf(run.report) })),
  };
}

/** A report of an earlier version may lack what this one tells. */
function reportOf(report: unknown) {
  return reportSchema.safeParse(report).data ?? null;
}

function direction(throughMs: number) {
  return {
    compared_through: new Date(throughMs).toISOString(),
    behind_seconds: Math.max(0, Math.round((Date.now() - throughMs) / 1_000)),
  };
}
