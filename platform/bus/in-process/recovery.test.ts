import {
  cp,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusUnavailable } from '#schemas/problems.ts';
import type { Bus } from '../bus.ts';
import { eventually } from '../testing/eventually.ts';
import { message, Recorder } from '../testing/recorder.ts';
import { openInProcessBus } from './bus.ts';
import { segmentPath } from './segments.ts';

const TOPIC = 'events';
const CURSOR = 'reader.cursor.json';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bus-recovery-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true, force: true });
});

/** Opens a bus, which is closed after `use`. @returns what it warned of */
async function withBus(
  dataDir: string,
  use: (bus: Bus) => Promise<void>,
  segmentBytes?: number,
): Promise<string[]> {
  const warnings: string[] = [];
  const bus = await openInProcessBus({
    dataDir,
    onWarning: (text) => warnings.push(text),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  try {
    await use(bus);
  } finally {
    await bus.close();
  }
  return warnings;
}

/** Publishes a last message and returns all that come, it included. */
async function drain(bus: Bus): Promise<Recorder> {
  const recorder = new Recorder();
  await bus.publish(TOPIC, [message('last')]);
  await bus.subscribe(TOPIC, 'reader', recorder.handler);
  await eventually(() => recorder.settled).toContain('last');
  return recorder;
}

async function logs(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, TOPIC));
  return names
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(dataDir, TOPIC, name));
}

/** A closed bus with messages nobody has received. */
async function filled(texts: readonly string[], segmentBytes?: number): Promise<string> {
  const dataDir = join(root, 'filled');
  await withBus(
    dataDir,
    async (bus) => {
      await bus.createSubscription(TOPIC, 'reader');
      for (const text of texts) await bus.publish(TOPIC, [message(text)]);
    },
    segmentBytes,
  );
  return dataDir;
}

/** The next write to any file writes half of its bytes, then finds the disk full. */
async function failNextWrite(): Promise<void> {
  const handle = await open(join(root, 'probe'), 'w');
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  async function half(this: FileHandle, bytes: Buffer, _: number, length: number, at: number) {
    await this.writev([bytes.subarray(0, length >> 1)], at);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }
  vi.spyOn(prototype, 'write').mockImplementationOnce(half as never);
}

describe('recovery', () => {
  it('cuts off a torn tail, wherever it is torn, and keeps what stands before', async () => {
    const before = await filled(['a', 'b']);
    const [path = ''] = await logs(before);
    const whole = (await stat(path)).size;
    await withBus(before, (bus) => bus.publish(TOPIC, [message('torn')]));
    // The second opening wrote a second segment: joined, they are one log with three records.
    const [, second = ''] = await logs(before);
    const bytes = Buffer.concat([await readFile(path), await readFile(second)]);
    await rm(second);
    await writeFile(path, bytes);
    const tear = async (size: number) => {
      const dataDir = join(root, `torn-${size}`);
      await cp(before, dataDir, { recursive: true });
      await truncate((await logs(dataDir))[0] ?? '', size);
      const cut = await withBus(dataDir, (bus) => bus.publish(TOPIC, [message('new')]));
      expect(cut.length).toBe(size === whole ? 0 : 1);
      const warnings = await withBus(dataDir, async (bus) => {
        expect((await drain(bus)).settled).toEqual(['a', 'b', 'new', 'last']);
      });
      expect(warnings).toEqual([]);
    };
    const sizes = Array.from({ length: bytes.length - whole }, (_, index) => whole + index);
    await Promise.all(sizes.map(tear));
  });

  it('cuts off zeros at the end', async () => {
    const dataDir = await filled(['a']);
    const [path = ''] = await logs(dataDir);
    await truncate(path, (await stat(path)).size + 4_096);
    await withBus(dataDir, async (bus) => {
      expect((await drain(bus)).settled).toEqual(['a', 'last']);
    });
  });

  it('passes over the rest of an earlier segment that is damaged, and says so', async () => {
    const dataDir = await filled(['a', 'b', 'c'], 1);
    const [, path = ''] = await logs(dataDir);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
    const warnings = await withBus(dataDir, async (bus) => {
      expect((await drain(bus)).settled).toEqual(['a', 'c', 'last']);
    });
    expect(warnings).toEqual([expect.stringContaining('unreadable after position 1')]);
  });

  it('goes on after a segment that is damaged while it is being written', async () => {
    const dataDir = join(root, 'live');
    const warnings = await withBus(dataDir, async (bus) => {
      await bus.createSubscription(TOPIC, 'reader');
      await bus.publish(TOPIC, [message('a'), message('b')]);
      const [path = ''] = await logs(dataDir);
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, bytes.length - 3));
      const recorder = new Recorder();
      const open = await bus.subscribe(TOPIC, 'reader', recorder.handler);
      await eventually(() => recorder.settled).toEqual(['a']);
      await open.close();
      for (const text of ['c', 'd']) await bus.publish(TOPIC, [message(text)]);
    });
    expect(warnings).toEqual([expect.stringContaining('unreadable')]);
    await withBus(dataDir, async (bus) => {
      expect((await drain(bus)).settled).toEqual(['c', 'd', 'last']);
    });
  });

  it('goes on after a write that failed in the middle', async () => {
    const dataDir = join(root, 'full-disk');
    const texts = ['a', 'refused', 'b'];
    await withBus(dataDir, async (bus) => {
      await bus.createSubscription(TOPIC, 'reader');
      await bus.createSubscription(TOPIC, 'live');
      const live = new Recorder();
      await bus.subscribe(TOPIC, 'live', live.handler);
      for (const text of texts) {
        if (text === 'refused') await failNextWrite();
        const published = bus.publish(TOPIC, [message(text)]);
        if (text === 'refused') await expect(published).rejects.toThrow(BusUnavailable);
        else await published;
      }
      await eventually(() => live.settled).toEqual(['a', 'b']);
    });
    const warnings = await withBus(dataDir, async (bus) => {
      const { deliveries, settled } = await drain(bus);
      expect(settled).toEqual(['a', 'b', 'last']);
      // The position of what was refused is not given to another message.
      expect(deliveries.map(({ messageId }) => messageId)).toEqual(['0', '2', '3']);
    });
    expect(warnings).toEqual([]);
  });

  it('takes a segment that a crash left empty for none', async () => {
    const dataDir = await filled([]);
    await writeFile(segmentPath(join(dataDir, TOPIC), 0), '');
    await withBus(dataDir, (bus) => bus.publish(TOPIC, [message('a')]));
    await withBus(dataDir, async (bus) => {
      expect((await drain(bus)).settled).toEqual(['a', 'last']);
    });
  });

  it('waits for new messages where the log ends before the cursor', async () => {
    const dataDir = await filled(['a']);
    const state = { readTo: 5, unsettled: [[0, 1]] };
    await writeFile(join(dataDir, TOPIC, CURSOR), JSON.stringify(state));
    await withBus(dataDir, async (bus) => {
      const recorder = new Recorder();
      await bus.subscribe(TOPIC, 'reader', recorder.handler);
      await eventually(() => recorder.settled).toEqual(['a']);
      await bus.publish(TOPIC, [message('b')]);
      await eventually(() => recorder.settled).toEqual(['a', 'b']);
    });
  });

  it('loses nothing new when a power loss took messages the cursor had passed', async () => {
    const dataDir = await filled(['a', 'b', 'c']);
    await writeFile(
      join(dataDir, TOPIC, CURSOR),
      JSON.stringify({ readTo: 3, unsettled: [[1, 2]] }),
    );
    await truncate((await logs(dataDir))[0] ?? '', 0);
    await withBus(dataDir, (bus) => bus.publish(TOPIC, [message('new')]));
    await withBus(dataDir, async (bus) => {
      const { deliveries } = await drain(bus);
      expect(deliveries.map(({ data, messageId }) => [data, messageId])).toEqual([
        ['"new"', '3'],
        ['"last"', '4'],
      ]);
    });
  });

  it.each(['', '{"readTo":', '{"readTo":-1,"unsettled":[]}', '{"unsettled":[]}', 'null'])(
    'delivers everything it holds when the cursor is damaged: %s',
    async (text) => {
      const dataDir = await filled(['a', 'b']);
      await writeFile(join(dataDir, TOPIC, CURSOR), text);
      const warnings = await withBus(dataDir, async (bus) => {
        expect((await drain(bus)).settled).toEqual(['a', 'b', 'last']);
      });
      expect(warnings).toEqual([expect.stringContaining('is damaged')]);
    },
  );
});
