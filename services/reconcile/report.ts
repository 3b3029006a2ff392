import { z } from 'zod';

const count = (description: string) => z.int().describe(description);

/** What a run did; also what its history keeps. Times are RFC 3339. */
export const reportSchema = z
  .object({
    kind: z.enum(['scheduled', 'deep', 'manual']),
    dry_run: z.boolean(),
    state: z
      .enum(['running', 'probing', 'suspended'])
      .describe('Afterwards. suspended: proof does not come back, so nothing is published again.'),
    reason: z.enum(['no_proof_arrives', 'carried_again_without_proof']).nullable(),
    compared_from: z.string().nullable().describe('Null when nothing was compared.'),
    compared_to: z.string().nullable(),
    complete: z.boolean().describe('False when a bound was reached; the next run goes on.'),
    skipped_before: z
      .string()
      .nullable()
      .describe('What was received before this time is too old to be carried again by itself.'),
    publish: z.object({
      found: count('Events of the outbox without proof that were not known yet.'),
      republished: count('Published again in this run.'),
      proven: count('Published again earlier, whose proof has come.'),
      awaiting: count('Published again, whose proof is awaited.'),
      unproven: count('Given up in this run: published again three times, without proof.'),
      unusable: count('Events that cannot be carried.'),
    }),
    append: z.object({
      found: count('Messages that the bus carried and the outbox lacks.'),
      appended: count('Appended to the outbox in this run.'),
      unusable: count('Messages that are no events, or that fit no row.'),
    }),
    failed: z
      .string()
      .nullable()
      .describe('Code of what kept the run from comparing, when something did.'),
    failures: z
      .array(z.object({ direction: z.enum(['publish', 'append']), code: z.string() }))
      .describe('What could not be done now; the watermark stays, and the next run tries again.'),
  })
  .meta({ id: 'ReconcileReport' });

export type RunReport = z.infer<typeof reportSchema>;

/** A report under construction. */
export function newReport(kind: RunReport['kind'], dryRun: boolean): RunReport {
  return {
    kind,
    dry_run: dryRun,
    state: 'running',
    reason: null,
    compared_from: null,
    compared_to: null,
    complete: true,
    skipped_before: null,
    publish: { found: 0, republished: 0, proven: 0, awaiting: 0, unproven: 0, unusable: 0 },
    append: { found: 0, appended: 0, unusable: 0 },
    failed: null,
    failures: [],
  };
}
