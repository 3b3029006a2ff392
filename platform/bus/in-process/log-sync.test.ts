import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusUnavailable } from '#schemas/problems.ts';
import { LogSync } from './log-sync.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function doubledFile() {
  return { datasync: vi.fn(async () => {}), close: vi.fn(async () => {}) };
}

function openSync() {
  const warnings: string[] = [];
  return { sync: new LogSync(tmpdir(), 1_000, (text) => warnings.push(text)), warnings };
}

describe('LogSync', () => {
  it('syncs in the background once per interval, and only after writes', async () => {
    const { sync } = openSync();
    const file = doubledFile();
    for (let write = 0; write < 100; write += 1) sync.written(file);
    await vi.advanceTimersByTimeAsync(999);
    expect(file.datasync).toHaveBeenCalledTimes(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(file.datasync).toHaveBeenCalledTimes(1);
    sync.written(file);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(file.datasync).toHaveBeenCalledTimes(2);
    expect(file.close).not.toHaveBeenCalled();
  });

  it('returns from a sync only after one that is under way', async () => {
    const { sync } = openSync();
    const file = doubledFile();
    const disk = Promise.withResolvers<void>();
    file.datasync.mockReturnValueOnce(disk.promise);
    sync.written(file);
    const order: string[] = [];
    const first = sync.now().then(() => order.push('first'));
    const second = sync.now().then(() => order.push('second'));
    order.push('disk');
    disk.resolve();
    await Promise.all([first, second]);
    expect(order).toEqual(['disk', 'first', 'second']);
  });

  it('tells of a failed sync and tries again', async () => {
    const { sync, warnings } = openSync();
    const file = doubledFile();
    file.datasync.mockRejectedValue(new Error('EIO'));
    sync.written(file);
    await expect(sync.now()).rejects.toThrow(BusUnavailable);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(warnings).toEqual([expect.stringContaining('could not be synced')]);
    file.datasync.mockResolvedValue();
    await sync.now();
    await sync.close();
    expect(file.datasync).toHaveBeenCalledTimes(3);
  });

  it('closes a retired file after its last sync', async () => {
    const { sync } = openSync();
    const file = doubledFile();
    sync.retire(file);
    expect(file.close).not.toHaveBeenCalled();
    await sync.close();
    expect(file.datasync).toHaveBeenCalledTimes(1);
    expect(file.close).toHaveBeenCalledTimes(1);
  });
});
