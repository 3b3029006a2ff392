// The long form of the fault suite.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { obstacleTo } from './obstacle.ts';
import { faultLines, passed, phaseLines, rowOf, tableOf } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { findScenario, SCENARIOS } from './scenarios/all.ts';

const USAGE = `npm run faults -- [--scenario name]… [--events 10000] [--seed n] [--keep]
npm run faults -- --list    the scenarios, and what goes wrong in each`;

const values = optionsOf(process.argv.slice(2));
if (values.help) console.log(USAGE);
else if (values.list) {
  for (const { name, platform, about } of SCENARIOS) {
    console.log(`${name.padEnd(28)} ${platform.padEnd(9)} ${about}`);
  }
  // At once: what a broken scenario left open must not keep the process.
} else process.exit(await runAll());

/** @returns 0 when every scenario that was played passed */
async function runAll(): Promise<number> {
  const { events, seed } = values;
  const chosen = values.scenario.length > 0 ? values.scenario.map(findScenario) : SCENARIOS;
  const logs = await mkdtemp(join(tmpdir(), 'tributary-faults-logs-'));
  const rows: string[][] = [];
  let failures = 0;
  console.log(`${events} events for each scenario, seed ${seed}, logs in ${logs}`);
  for (const scenario of chosen) {
    const obstacle = await obstacleTo(scenario);
    if (obstacle !== undefined) {
      console.log(`\n${scenario.name}: skipped, as ${obstacle}`);
      continue;
    }
    console.log(`\n${scenario.name}: ${scenario.about}`);
    const logDir = join(logs, scenario.name);
    const onProgress = (text: string) => console.log(`  ${text}`);
    try {
      const outcome = await runScenario(scenario, { events, seed, logDir, onProgress });
      rows.push(rowOf(outcome));
      for (const line of phaseLines(outcome)) console.log(`  ${line}`);
      console.log(`  audit: ${JSON.stringify(outcome.audited.totals)}`);
      console.log(`  ${Math.round(outcome.elapsedMs / 1_000)} s in all`);
      if (passed(outcome)) {
        if (!values.keep) await rm(logDir, { recursive: true, force: true });
        continue;
      }
      for (const line of faultLines(outcome)) console.log(`  FAILED ${line}`);
    } catch (error) {
      rows.push([scenario.name, 'BROKEN']);
      console.log(`  BROKEN ${(error as Error).stack}`);
    }
    failures += 1;
    console.log(`  logs of its processes: ${logDir}`);
  }
  if (failures === 0 && !values.keep) await rm(logs, { recursive: true, force: true });
  console.log(`\n${tableOf(rows)}\n\n${rows.length - failures} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

function optionsOf(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        scenario: { type: 'string', multiple: true, default: [] },
        events: { type: 'string', default: '10000' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        keep: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    for (const name of values.scenario) findScenario(name);
    return {
      ...values,
      events: wholeNumber(values.events, 'events'),
      seed: wholeNumber(values.seed, 'seed'),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function wholeNumber(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${option} must be a whole number.`);
}
