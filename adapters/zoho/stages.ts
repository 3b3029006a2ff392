import type { Outcome } from '#adapters/kit/resolve-record.ts';
import type { ZohoSettings } from './settings.ts';

type DealStage = ZohoSettings['deal_stages'][number];

const OUTCOMES = { Open: 'open', 'Closed Won': 'won', 'Closed Lost': 'lost' } as const;

/** What is known of a stage. */
export interface Stage {
  /** Undefined where Zoho gives the stage no category, as it gives none to the empty choice. */
  readonly outcome: Outcome | undefined;
}

/**
 * Compiles the stages of the settings to a search by name. Which of its two names a record states
 * is not documented, so both count, exactly as written. A name of two stages that end differently
 * is nobody's: no guess is better than half of a deal's fate.
 *
 * @returns undefined for a name that is not among the stages
 */
export function compileStages(
  stages: ZohoSettings['deal_stages'],
): (name: string) => Stage | undefined {
  const byName = new Map<string, Stage | undefined>();
  for (const stage of stages) {
    const outcome = outcomeOf(stage);
    for (const name of new Set([stage.actual_value, stage.display_value])) {
      const differs = byName.has(name) && byName.get(name)?.outcome !== outcome;
      byName.set(name, differs ? undefined : { outcome });
    }
  }
  return (name) => byName.get(name);
}

/** How a stage of the settings counts. */
export function outcomeOf({ deal_category, forecast_type }: DealStage): Outcome | undefined {
  const category = deal_category ?? forecast_type;
  return category == null ? undefined : OUTCOMES[category];
}
