import { z } from 'zod';

/** How a deal in a stage has ended, where the stage says so. */
export type StageOutcome = 'won' | 'lost';

/** Outcomes by stage id. A stage that is not in it is neither won nor lost. */
export type StageOutcomes = ReadonlyMap<string, StageOutcome>;

const idSchema = z.string().min(1).max(256);
/** A probability from 0 to 1 as decimal text. Numbers are taken too: not every tool keeps "1.0". */
const probabilitySchema = z.union([
  z.string().regex(/^(?:0(?:\.\d{1,30})?|1(?:\.0{1,30})?)$/, 'Must be a decimal from 0 to 1.'),
  z.number().min(0).max(1),
]);

const stageSchema = z.object({
  id: idSchema,
  label: z.string().max(1_000).optional(),
  metadata: z.object({
    isClosed: z.union([z.enum(['true', 'false']), z.boolean()]),
    probability: probabilitySchema,
  }),
});
type DealStage = z.infer<typeof stageSchema>;

/**
 * Deal pipelines, as in `results` of `GET /crm/pipelines/{version}/deals`. Other members of that
 * answer are dropped. Source: HubSpot developer documentation, "Pipelines".
 */
export const dealPipelinesSchema = z
  .array(
    z.object({
      id: idSchema,
      label: z.string().max(1_000).optional(),
      stages: z.array(stageSchema).min(1).max(200),
    }),
  )
  .max(100)
  .superRefine((pipelines, context) => {
    const seen = new Map<string, StageOutcome | undefined>();
    pipelines.forEach(({ stages }, pipeline) => {
      stages.forEach((stage, index) => {
        const outcome = outcomeOf(stage);
        if (seen.has(stage.id) && seen.get(stage.id) !== outcome) {
          context.addIssue({
            code: 'custom',
            path: [pipeline, 'stages', index, 'id'],
            message: `The stage "${stage.id}" is ${named(outcome)} here and ${named(seen.get(stage.id))} earlier in the list. A notification names the stage alone, so a stage id can have one outcome only.`,
          });
        }
        seen.set(stage.id, outcome);
      });
    });
  });

export type DealPipeline = z.infer<typeof dealPipelinesSchema>[number];

/** The pipeline every account has had, and the outcomes of its stages. */
const DEFAULT_PIPELINE = 'default';
export const DEFAULT_OUTCOMES: StageOutcomes = new Map([
  ['closedwon', 'won'],
  ['closedlost', 'lost'],
]);

/**
 * The outcome of every stage that has one. The stages of the default pipeline count without being
 * listed; where a pipeline `default` is listed, its own stages decide.
 */
export function stageOutcomes(pipelines: readonly DealPipeline[]): StageOutcomes {
  const listsDefault = pipelines.some(({ id }) => id === DEFAULT_PIPELINE);
  const outcomes = new Map<string, StageOutcome>(listsDefault ? [] : DEFAULT_OUTCOMES);
  for (const stage of pipelines.flatMap(({ stages }) => stages)) {
    const outcome = outcomeOf(stage);
    // A listed stage decides also where it has the name of one of the default pipeline.
    if (outcome === undefined) outcomes.delete(stage.id);
    else outcomes.set(stage.id, outcome);
  }
  return outcomes;
}

/** Closed at probability 1 is won, closed at 0 lost. Compared as text: a double would round. */
export function outcomeOf({ metadata }: DealStage): StageOutcome | undefined {
  if (!isClosed({ metadata })) return undefined;
  const probability = String(metadata.probability);
  if (/^1(?:\.0+)?$/.test(probability)) return 'won';
  return /^0(?:\.0+)?$/.test(probability) ? 'lost' : undefined;
}

export function isClosed({ metadata }: Pick<DealStage, 'metadata'>): boolean {
  return String(metadata.isClosed) === 'true';
}

function named(outcome: StageOutcome | undefined): string {
  return outcome ?? 'neither won nor lost';
}
