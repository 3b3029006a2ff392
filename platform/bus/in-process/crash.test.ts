import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { openInProcessBus } from './bus.ts';

const TOPIC = 'events';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bus-crash-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Runs a publisher in a process of its own. @returns the numbers it said were confirmed */
async function publishUntilKilled(confirmations: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'testing', 'crash-publisher.ts');
  const child = spawn(process.execPath, [script, dataDir, TOPIC, 'reader'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > confirmations) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output.split('\n').slice(0, -1).map(Number);
}

describe('crash', () => {
  it('delivers everything confirmed that nobody settled, after kill -9 of the publisher', async () => {
    const confirmed = await publishUntilKilled(2_000);
    expect(confirmed.length).toBeGreaterThanOrEqual(2_000);
    const bus = await openInProcessBus({ dataDir, onWarning: () => {} });
    try {
      const delivered = new Set<number>();
      await bus.subscribe(TOPIC, 'reader', async ({ data }) => {
        delivered.add(Number(data));
      });
      const open = confirmed.filter((number) => number % 3 !== 0);
      const missing = () => open.filter((number) => !delivered.has(number)).length;
      await eventually(missing).toBe(0);
    } finally {
      await bus.close();
    }
  });
});
