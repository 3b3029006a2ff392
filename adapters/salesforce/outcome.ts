import type { Outcome } from '#adapters/kit/resolve-record.ts';
import type { OpportunityStage } from './settings.ts';
import { booleanOf, type Fields } from './sobject.ts';

/** How the stages of opportunities end, by the name records state. */
export function outcomesByStage(stages: readonly OpportunityStage[]): ReadonlyMap<string, Outcome> {
  const ends = stages.map((stage) => ({ stage, end: outcome(stage.IsClosed, stage.IsWon) }));
  // Records state API names; where a stage has none listed, its label is the same.
  return new Map([
    ...ends.map(({ stage, end }) => [stage.MasterLabel, end] as const),
    ...ends.map(({ stage, end }) => [stage.ApiName ?? stage.MasterLabel, end] as const),
  ]);
}

/**
 * How an opportunity stands: by `IsClosed` and `IsWon` where they are stated, else by its stage.
 *
 * @returns undefined when it is not told, or the stage is not listed
 */
export function outcomeOf(
  record: Fields,
  byStage: ReadonlyMap<string, Outcome>,
): Outcome | undefined {
  const closed = booleanOf(record.IsClosed);
  const won = booleanOf(record.IsWon);
  if (closed === false) return 'open';
  if (won === true) return 'won';
  if (closed === true && won === false) return 'lost';
  return typeof record.StageName === 'string' ? byStage.get(record.StageName) : undefined;
}

function outcome(closed: boolean, won: boolean): Outcome {
  if (!closed) return 'open';
  return won ? 'won' : 'lost';
}
