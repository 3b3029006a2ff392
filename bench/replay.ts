import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lineOf, startProcess, stopProcess } from './processes.ts';

interface Republished {
  readonly published: number;
  readonly seconds: number;
  /** Of all threads: what another program on the machine takes away is not in it. */
  readonly cpuSeconds: number;
  /** At a tenth, at half and at the end. */
  readonly rssMb: readonly number[];
}

const WANTED_PER_SECOND = 10_000;
/** What comes and goes with garbage collection and is no growth. */
const NOISE_MB = 60;

/**
 * `npm run bench -- replay [--events 1000000]`: how fast the embedded outbox is published again, as the
 * relay does and as a replay does, and whether memory stays flat meanwhile.
 */
export async function benchReplay(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { events: { type: 'string', default: '1000000' } },
  });
  const dir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  try {
    const seeding = startProcess('bench/seed-outbox.ts', [dir, values.events]);
    await lineOf(seeding, (line) => line === 'seeded');
    await stopProcess(seeding);
    for (const what of ['relay', 'replay']) {
      const child = startProcess('bench/republish.ts', [what, dir, values.events]);
      const line = await lineOf(child, (text) => text.startsWith('{'));
      await stopProcess(child);
      report(what, JSON.parse(line) as Republished, Number(values.events));
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function report(
  what: string,
  { published, seconds, cpuSeconds, rssMb }: Republished,
  events: number,
): void {
  const rate = published / seconds;
  const [early = 0, half = 0, late = 0] = rssMb;
  const flat = late - early <= NOISE_MB;
  process.stdout.write(
    `${what.padEnd(7)} ${published} events in ${seconds.toFixed(1)} s: ${rate.toFixed(0)} a second, ${(rate / WANTED_PER_SECOND).toFixed(1)} times what is wanted\n` +
      `        ${(published / cpuSeconds).toFixed(0)} for each second of processor time\n` +
      `        memory at 10 % ${early.toFixed(0)} MB, at 50 % ${half.toFixed(0)} MB, at 100 % ${late.toFixed(0)} MB: ${flat ? 'flat' : 'GROWING'}\n`,
  );
  if (published !== events || rate < WANTED_PER_SECOND || !flat) process.exitCode = 1;
}
