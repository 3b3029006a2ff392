import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bus-lag-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('a lagging subscription', () => {
  it('drains 200,000 messages, 160 MB, in flat memory', async () => {
    const script = join(import.meta.dirname, 'testing', 'drain-lagging.ts');
    // The heap cannot hold a quarter of the messages: a process that read them all would end here.
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=40',
      '--max-semi-space-size=4',
      script,
      dataDir,
      '200000',
    ]);
    const { delivered, peakBytes } = JSON.parse(stdout);
    expect(delivered).toBe(200_000);
    expect(peakBytes).toBeLessThan(60_000_000);
  });
});
