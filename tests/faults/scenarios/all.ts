import { DEPENDENCY_SCENARIOS } from './dependencies.ts';
import { PROCESS_SCENARIOS } from './processes.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [...PROCESS_SCENARIOS, ...DEPENDENCY_SCENARIOS];

/** @throws Error when there is none of the name */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (!found) throw new Error(`There is no scenario "${name}": --list shows them.`);
  return found;
}
