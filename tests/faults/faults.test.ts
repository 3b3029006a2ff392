// The short form of the fault suite: npm run faults is the long one.
// Real: the product's processes, their files, kill -9; on gcp Google's clients, the Pub/Sub emulator,
// PostgreSQL, a BigQuery emulator, each behind a proxy. Doubled: the provider, which signs as HubSpot
// does, Secret Manager, and Pub/Sub's writing of proofs. Asserted: all that a scenario judges.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeOnCloud } from '../support/cloud.ts';
import { smallDiskFault } from './installation/small-disk.ts';
import { faultLines } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { findScenario } from './scenarios/all.ts';

async function faultsOf(name: string, events: number): Promise<string[]> {
  const logDir = join(tmpdir(), `tributary-faults-${name}-${process.pid}`);
  const scenario = findScenario(name);
  const outcome = await runScenario(scenario, { events, seed: 7, logDir, secondMs: 250 });
  expect(outcome.record.acknowledged.size).toBeGreaterThanOrEqual(events);
  const faults = faultLines(outcome);
  return faults.length === 0 ? [] : [...faults, `logs of its processes: ${logDir}`];
}

it('keeps its promises through a full disk and kill -9', async ({ skip }) => {
  const fault = await smallDiskFault();
  if (fault) {
    process.stderr.write(`Skipped, as ${fault}\n`);
    skip(fault);
  }
  expect(await faultsOf('embedded-disk-full', 300)).toEqual([]);
}, 120_000);

// Scenarios whose stalls leave appends behind are for the long form: the emulator of BigQuery (0.8.1)
// hangs for good once appends to three tables are under way.
describeOnCloud('on gcp', () => {
  it('keeps its promises while intake is killed again and again', async () => {
    expect(await faultsOf('kill-intake', 150)).toEqual([]);
  }, 240_000);
});
