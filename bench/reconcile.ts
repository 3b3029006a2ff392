import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunReport } from '#services/reconcile/report.ts';
import { lineOf, startProcess } from './processes.ts';

interface Measured {
  readonly report: RunReport;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const LIMIT_SECONDS = 30;
const LIMIT_MB = 1_000;

/**
 * `npm run bench -- reconcile [--events 10000000] [--gaps 1000]`: a day of outbox rows and proofs on
 * DuckDB, each side lacking so many, spread evenly, which is the worst case: how long does one run take
 * to find and heal them all, and how much memory does its process take? Needs 8 GB of disk in the
 * temporary folder; seeding takes minutes and is not measured.
 */
export async function benchReconcile(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '10000000' },
      gaps: { type: 'string', default: '1000' },
    },
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  try {
    const seeding = startProcess('bench/reconcile-seed.ts', [dataDir, values.events, values.gaps]);
    process.stdout.write(`seeded: ${await lineOf(seeding, (line) => line.startsWith('{'))}\n`);
    const run = startProcess('bench/reconcile-run.ts', [dataDir]);
    const line = await lineOf(run, (one) => one.startsWith('{'));
    const { first, second, peakMb } = JSON.parse(line) as {
      first: Measured;
      second: Measured;
      peakMb: number;
    };
    print('a day, all gaps', first);
    print('the last hour again, with what was published again', second);
    process.stdout.write(`peak memory ${peakMb.toFixed(0)} MB\n`);
    const { publish, append } = first.report;
    const gaps = Number(values.gaps);
    const healed = publish.republished === gaps && append.appended === gaps;
    const withinBounds = first.seconds < LIMIT_SECONDS && peakMb < LIMIT_MB;
    process.stdout.write(
      `${healed ? 'all gaps healed' : 'GAPS ARE LEFT'}, ${withinBounds ? 'within' : 'NOT within'} ${LIMIT_SECONDS} s and ${LIMIT_MB} MB\n`,
    );
    if (!healed || !withinBounds) process.exitCode = 1;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function print(what: string, { report, seconds, cpuSeconds }: Measured): void {
  const { publish, append } = report;
  process.stdout.write(
    `${what}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU; republished ${publish.republished}, appended ${append.appended}, proven ${publish.proven}, state ${report.state}\n`,
  );
}
