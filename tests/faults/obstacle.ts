import { CLOUD_PARTS } from '../support/cloud-parts.ts';
import { smallDiskFault } from './installation/small-disk.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** Why a scenario cannot be played here, if it cannot. */
export async function obstacleTo(scenario: Scenario): Promise<string | undefined> {
  if (scenario.platform === 'gcp') {
    const part = CLOUD_PARTS.find((one) => one.find() === undefined);
    if (part) return `${part.name} is missing: ${part.howToGet}`;
  }
  return scenario.diskMib === undefined ? undefined : smallDiskFault();
}
