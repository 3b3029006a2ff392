import { EventEmitter } from 'node:events';
import { status as Code } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { AppendConnection } from './append-connection.ts';
import type { AppendAnswer, AppendRequest, AppendStream } from './storage-client.ts';

/** A stream that goes on talking after it was cancelled, as one whose answer was under way does. */
class TalkingStream extends EventEmitter {
  readonly sent: AppendRequest[] = [];
  isCancelled = false;

  write(request: AppendRequest): void {
    this.sent.push(request);
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

const ROW = [new Uint8Array([1])];
const STORED: AppendAnswer = { appendResult: {} };

function connect(open?: () => Promise<TalkingStream>) {
  const streams: TalkingStream[] = [];
  const onLost = vi.fn();
  const connection = new AppendConnection({
    writeStream: 's',
    descriptor: { name: 'Row', field: [] },
    open: async () => {
      const stream = open ? await open() : new TalkingStream();
      streams.push(stream);
      return stream as unknown as AppendStream;
    },
    onLost,
  });
  return { connection, streams, onLost };
}

const sent = (streams: readonly TalkingStream[], count: number) =>
  vi.waitFor(() => expect(streams.flatMap((stream) => stream.sent)).toHaveLength(count));

describe('a connection', () => {
  it('never takes the late answer to an append given up for that to the next', async () => {
    const { connection, streams } = connect();
    const first = connection.append(ROW, 20);
    await expect(first).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    const second = connection.append(ROW, 5_000);
    await sent(streams, 2);
    streams[0]?.emit('data', STORED);
    const answer = { error: { code: Code.INTERNAL } };
    streams[1]?.emit('data', answer);
    expect(await second).toBe(answer);
    expect(streams[0]?.isCancelled).toBe(true);
  });

  it('is not ended by the late error of one that was given up', async () => {
    const { connection, streams, onLost } = connect();
    await expect(connection.append(ROW, 20)).rejects.toThrow();
    const second = connection.append(ROW, 5_000);
    await sent(streams, 2);
    streams[0]?.emit('error', new Error('CANCELLED'));
    streams[0]?.emit('close');
    streams[1]?.emit('data', STORED);
    expect(await second).toBe(STORED);
    expect(onLost).toHaveBeenCalledOnce();
  });

  it('that opens too late sends nothing', async () => {
    let opened: (stream: TalkingStream) => void = () => undefined;
    const { connection, streams } = connect(
      () =>
        new Promise((resolve) => {
          opened = resolve;
        }),
    );
    await expect(connection.append(ROW, 20)).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
    });
    opened(new TalkingStream());
    await vi.waitFor(() => expect(streams[0]?.isCancelled).toBe(true));
    expect(streams[0]?.sent).toEqual([]);
  });

  it('fails its append when it ends without an error, and when it is ended', async () => {
    const { connection, streams } = connect();
    const first = connection.append(ROW, 5_000);
    await sent(streams, 1);
    streams[0]?.emit('end');
    await expect(first).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    const second = connection.append(ROW, 5_000);
    await sent(streams, 2);
    connection.drop();
    await expect(second).rejects.toMatchObject({ code: Code.CANCELLED });
  });

  it('ends with an answer that nobody asked for', async () => {
    const { connection, streams } = connect();
    const first = connection.append(ROW, 5_000);
    await sent(streams, 1);
    streams[0]?.emit('data', STORED);
    await first;
    streams[0]?.emit('data', STORED);
    expect(streams[0]?.isCancelled).toBe(true);
    const second = connection.append(ROW, 5_000);
    await sent(streams, 2);
    streams[1]?.emit('data', STORED);
    expect(await second).toBe(STORED);
  });
});
