// The long form of the fuzz: npm run fuzz -- --requests 100000 [--adapter hubspot] [--seed 1]
import { parseArgs } from 'node:util';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { FuzzReport } from './checker.ts';
import { fuzz } from './fuzz-run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    adapter: { type: 'string' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const options = {
  requests: whole(values.requests, 'requests'),
  seed: whole(values.seed, 'seed'),
  from: whole(values.from, 'from'),
};

const adapters = [...adaptersByProvider().values()].filter(
  ({ provider }) => values.adapter === undefined || provider === values.adapter,
);
if (adapters.length === 0) throw new Error(`There is no adapter "${values.adapter}".`);

let faults = 0;
for (const adapter of adapters) {
  const startedAt = performance.now();
  const report = fuzz(adapter, options);
  faults += report.faults.length;
  console.log(shown(adapter.provider, report, (performance.now() - startedAt) / 1_000));
}
console.log(faults === 0 ? '0 faults' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;

function shown(provider: string, report: FuzzReport, seconds: number): string {
  const { counted, verified, parsed, drafts, skipped, resolved, slowestMs, faults } = report;
  return [
    `${provider}: ${counted} mutated requests in ${seconds.toFixed(0)} s, slowest ${slowestMs.toFixed(1)} ms`,
    `  refused ${counts(report.refused)}`,
    `  verified, as nothing that is signed differed, and not counted ${verified}`,
    `  parsed ${parsed}: ${drafts} drafts, ${skipped} skipped, ${resolved} resolved`,
    `  problems ${counts(report.problems)}`,
    `  peak memory ${Math.round(process.resourceUsage().maxRSS / 1_024)} MB`,
    ...faults.map((fault) => `  FAULT ${fault}`),
  ].join('\n');
}

function counts(of: Readonly<Record<string, number>>): string {
  const rows = Object.entries(of).sort(([, a], [, b]) => b - a);
  return rows.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

function whole(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number.`);
  return Number(text);
}
