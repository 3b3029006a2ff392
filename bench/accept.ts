import { parseArgs } from 'node:util';
import type { LoadResult } from './load.ts';
import { cpuSeconds, lineOf, residentMb, startProcess } from './processes.ts';
import { productOn, startReference, type Target } from './targets.ts';

/** One measured run of a target. */
interface Sample extends LoadResult {
  readonly requestsPerSecond: number;
  readonly cpuUsPerEvent: number;
  readonly peakMb: number;
}

interface Shape {
  readonly title: string;
  readonly events: number;
  readonly connections: number;
}

const SHAPES: readonly Shape[] = [
  { title: 'one event in a request', events: 1, connections: 64 },
  { title: '100 events in a request', events: 100, connections: 32 },
];

/**
 * `npm run bench -- accept [--platform gcp]`: the product beside two reference servers, in turn and in the same run,
 * because these figures mean something only as ratios. Every process is its own.
 */
export async function benchAccept(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      platform: { type: 'string', default: 'embedded' },
    },
  });
  const start = await productOn(values.platform);
  for (const shape of SHAPES)
    await benchShape(shape, start, Number(values.seconds), Number(values.rounds));
}

async function benchShape(
  shape: Shape,
  start: () => Promise<Target>,
  seconds: number,
  rounds: number,
): Promise<void> {
  const targets = [await startReference('bare'), await startReference('verify'), await start()];
  const [, reference, product] = targets as [Target, Target, Target];
  try {
    const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
    for (const target of targets) await measure(target, shape, 2);
    for (let round = 0; round < rounds; round += 1) {
      for (const target of targets)
        samples.get(target)?.push(await measure(target, shape, seconds));
    }
    const ratios = (samples.get(product) ?? []).map(
      (sample, round) =>
        sample.requestsPerSecond / (samples.get(reference)?.[round]?.requestsPerSecond ?? 1),
    );
    const saturated = median(
      (samples.get(product) ?? []).map((sample) => sample.requestsPerSecond),
    );
    const half = await measure(product, shape, seconds, saturated / 2);
    print(shape, targets, samples, ratios);
    const cpu = (target: Target) =>
      median((samples.get(target) ?? []).map((sample) => sample.cpuUsPerEvent));
    process.stdout.write(
      `CPU per event to verify-and-parse: ${(cpu(product) / cpu(reference)).toFixed(1)} times\n`,
    );
    process.stdout.write(
      `Tributary at half load (${Math.round(saturated / 2)} requests/s): p50 ${half.p50Ms.toFixed(1)} ms, p99 ${half.p99Ms.toFixed(1)} ms, p99.9 ${half.p999Ms.toFixed(1)} ms, ${half.failed} failed\n` +
        `Tributary on disk: ${((await product.diskBytes()) / 1e6).toFixed(0)} MB\n`,
    );
  } finally {
    for (const target of targets) await target.stop();
  }
}

async function measure(
  target: Target,
  shape: Shape,
  seconds: number,
  rate?: number,
): Promise<Sample> {
  const load = startProcess('bench/load.ts', [
    ...['--url', target.url, '--secret', target.secret, '--events', String(shape.events)],
    ...['--connections', String(shape.connections), '--seconds', String(seconds)],
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
  ]);
  let peakMb = residentMb(target.pid);
  const sampling = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(target.pid));
  }, 100);
  const cpuBefore = cpuSeconds(target.pid);
  const result = JSON.parse(await lineOf(load, (line) => line.startsWith('{'))) as LoadResult;
  clearInterval(sampling);
  const cpu = cpuSeconds(target.pid) - cpuBefore;
  return {
    ...result,
    requestsPerSecond: result.requests / result.seconds,
    cpuUsPerEvent: (cpu * 1e6) / (result.requests * shape.events),
    peakMb,
  };
}

function print(
  shape: Shape,
  targets: readonly Target[],
  samples: ReadonlyMap<Target, readonly Sample[]>,
  ratios: readonly number[],
): void {
  const header = [
    '',
    'requests/s',
    'events/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'CPU us/event',
    'peak MB',
    'failed',
  ];
  const rows = targets.map((target) => {
    const runs = samples.get(target) ?? [];
    const of = (read: (sample: Sample) => number) => median(runs.map(read));
    const requests = of((sample) => sample.requestsPerSecond);
    return [
      target.name,
      requests.toFixed(0),
      (requests * shape.events).toFixed(0),
      of((sample) => sample.p50Ms).toFixed(1),
      of((sample) => sample.p99Ms).toFixed(1),
      of((sample) => sample.p999Ms).toFixed(1),
      of((sample) => sample.cpuUsPerEvent).toFixed(1),
      Math.max(...runs.map((sample) => sample.peakMb)).toFixed(0),
      String(runs.reduce((sum, sample) => sum + sample.failed, 0)),
    ];
  });
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  process.stdout.write(`\n${shape.title}\n`);
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${cells.join('  ')}\n`);
  }
  const all = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  process.stdout.write(
    `ratio to verify-and-parse: ${median(ratios).toFixed(2)} (rounds: ${all})\n`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
