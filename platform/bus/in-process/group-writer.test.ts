import { describe, expect, it } from 'vitest';
import { BusUnavailable } from '#schemas/problems.ts';
import { eventually } from '../testing/eventually.ts';
import { message, textOf } from '../testing/recorder.ts';
import { writeFully } from './files.ts';
import { type Batch, GroupWriter } from './group-writer.ts';

const ROOM = 1_000_000;

/** A writer whose writes end when the test says so. */
function heldWriter() {
  const writes: { texts: string[]; base: number; done: PromiseWithResolvers<void> }[] = [];
  const started = Promise.withResolvers<void>();
  const writer = new GroupWriter(100, (batch: Batch) => {
    const done = Promise.withResolvers<void>();
    writes.push({
      texts: batch.messages.map((stored) => textOf(stored.message)),
      base: batch.base,
      done,
    });
    started.resolve();
    return done.promise;
  });
  const add = (...texts: string[]) =>
    writer.add(
      texts.map((text) => message(text)),
      1,
      ROOM,
    ) ?? Promise.reject(new Error('no room'));
  return { writer, writes, started: started.promise, add };
}

describe('GroupWriter', () => {
  it('writes what one turn published together, and what comes meanwhile in the next write', async () => {
    const { writer, writes, started, add } = heldWriter();
    const first = Promise.all([add('a', 'b'), add('c')]);
    await started;
    const second = Promise.all([add('d'), add('e')]);
    expect(writes.map(({ texts }) => texts)).toEqual([['a', 'b', 'c']]);
    writes[0]?.done.resolve();
    await first;
    await eventually(() => writes.length).toBe(2);
    expect(writes[1]).toMatchObject({ texts: ['d', 'e'], base: 103 });
    writes[1]?.done.resolve();
    await second;
    await writer.idle();
    expect(writer).toMatchObject({ next: 105, queuedBytes: 0 });
  });

  it('fails what waits behind a failed write, and takes in what comes after', async () => {
    const { writer, writes, started, add } = heldWriter();
    const failed = expect(add('a')).rejects.toThrow('disk');
    await started;
    const behind = expect(add('b')).rejects.toThrow(BusUnavailable);
    writes[0]?.done.reject(new Error('disk'));
    await failed;
    await behind;
    const after = add('c');
    await eventually(() => writes.length).toBe(2);
    // The positions of messages that failed are not given again.
    expect(writes[1]).toMatchObject({ texts: ['c'], base: 102 });
    writes[1]?.done.resolve();
    await after;
    expect(writer.queuedBytes).toBe(0);
  });

  it('takes in nothing of a publish that does not fit', async () => {
    const { writer, writes, add } = heldWriter();
    const taken = add('a');
    const { queuedBytes } = writer;
    expect(writer.add([message('b'), message('c')], 1, 1.5 * queuedBytes)).toBeUndefined();
    expect(writer).toMatchObject({ queuedBytes, next: 101 });
    await eventually(() => writes.length).toBe(1);
    expect(writes[0]?.texts).toEqual(['a']);
    writes[0]?.done.resolve();
    await taken;
  });
});

describe('writeFully', () => {
  it('goes on after short writes', async () => {
    const disk = Buffer.alloc(20);
    const write = async (bytes: Buffer, offset: number, length: number, position: number) => {
      const bytesWritten = bytes.copy(disk, position, offset, offset + Math.min(3, length));
      return { bytesWritten, buffer: bytes };
    };
    await writeFully({ write: write as never }, Buffer.from('0123456789'), 5);
    expect(disk.toString('latin1', 5, 15)).toBe('0123456789');
  });
});
