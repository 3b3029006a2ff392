import { parseArgs } from 'node:util';
import { gcp } from './cloud.ts';
import { lineOf, startProcess, stopProcess } from './processes.ts';

/**
 * `npm run bench -- start`: from the start of a process to its readiness, on Google's clients, beside a
 * Fastify that only imports the same clients. In turn, and after one start of each that is not counted.
 */
export async function benchStart(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '7' } },
  });
  const installation = await gcp();
  const env = {
    ...installation.env,
    TRIBUTARY_API_TOKEN: 'a-token-of-at-least-twenty-letters',
    TRIBUTARY_PORT: '0',
  };
  const targets = [
    { name: 'Fastify, clients imported', start: () => startProcess('bench/bare-clients.ts', []) },
    ...['all', 'intake', 'worker', 'control'].map((role) => ({
      name: `Tributary, ${role}`,
      start: () => startProcess('cli/main.ts', ['serve'], { ...env, TRIBUTARY_ROLE: role }),
    })),
  ];
  const timesMs = targets.map((): number[] => []);
  try {
    for (let round = 0; round <= Number(values.rounds); round += 1) {
      for (const [index, { start }] of targets.entries()) {
        const startedAt = performance.now();
        const child = start();
        await lineOf(child, (line) => line.includes('"msg":"Ready"'));
        if (round > 0) timesMs[index]?.push(performance.now() - startedAt);
        await stopProcess(child);
      }
    }
  } finally {
    await installation.stop();
  }
  const medians = timesMs.map((times) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0);
  for (const [index, { name }] of targets.entries()) {
    const ms = medians[index] ?? 0;
    const ratio = (ms / (medians[0] ?? 1)).toFixed(2);
    process.stdout.write(`${name.padEnd(26)} ${ms.toFixed(0).padStart(6)} ms  ${ratio}\n`);
  }
}
