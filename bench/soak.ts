import { parseArgs } from 'node:util';
import type { LoadResult } from './load.ts';
import { lineOf, residentMb, startProcess } from './processes.ts';
import { productOn } from './targets.ts';

const EVENTS_PER_REQUEST = 100;
const CONNECTIONS = 8;
const SLICE_SECONDS = 5;
/** What comes and goes with garbage collection and is no growth. */
const NOISE_MB = 40;

/**
 * `npm run bench -- soak [--platform gcp] [--events 1000000]`: does memory stay flat? Prints the
 * resident memory as events are accepted, and compares the second quarter of the run, when caches and
 * the compiler have warmed up, with the last.
 */
export async function benchSoak(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      platform: { type: 'string', default: 'embedded' },
      events: { type: 'string', default: '1000000' },
    },
  });
  const wanted = Number(values.events);
  const product = await (await productOn(values.platform))();
  const samplesMb: number[] = [];
  let events = 0;
  const sampling = setInterval(() => samplesMb.push(residentMb(product.pid)), 250);
  try {
    while (events < wanted) {
      const load = startProcess('bench/load.ts', [
        ...['--url', product.url, '--secret', product.secret],
        ...['--events', String(EVENTS_PER_REQUEST), '--connections', String(CONNECTIONS)],
        ...['--seconds', String(SLICE_SECONDS)],
      ]);
      const result = JSON.parse(await lineOf(load, (line) => line.startsWith('{'))) as LoadResult;
      if (result.failed > 0) throw new Error(`${result.failed} requests were not acknowledged.`);
      events += result.requests * EVENTS_PER_REQUEST;
      const mb = residentMb(product.pid);
      process.stdout.write(`${String(events).padStart(9)} events  ${mb.toFixed(0)} MB\n`);
    }
  } finally {
    clearInterval(sampling);
    await product.stop();
  }
  const peakBetween = (from: number, to: number) =>
    Math.max(...samplesMb.slice(from * samplesMb.length, to * samplesMb.length));
  const [early, late] = [peakBetween(0.25, 0.5), peakBetween(0.75, 1)];
  const flat = late - early <= NOISE_MB;
  process.stdout.write(
    `peak of the second quarter ${early.toFixed(0)} MB, of the last ${late.toFixed(0)} MB: ${flat ? 'flat' : 'GROWING'}\n`,
  );
  if (!flat) process.exitCode = 1;
}
