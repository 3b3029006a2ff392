import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRow } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { outboxRow } from '../conformance.ts';
import { commitRecord, encodeLines, wholeBytes } from './journal-block.ts';

const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** One write of the journal: lines, then the record that vouches for them. */
function written(lines: string): Buffer {
  const block = Buffer.from(lines);
  return Buffer.concat([block, Buffer.from(commitRecord(block))]);
}

/** Lines as rows make them, and lines that try to look like a record. */
const lines = fc
  .array(
    fc.oneof(
      fc.json().map((json) => `{"n":1,"a":${json}}\n`),
      fc.constantFrom(
        '{"n":1,"a":"{\\"commit\\":{\\"bytes\\":1}}"}\n',
        '{"n":1,"commit":{"bytes":0,"crc32":0}}\n',
        '\n',
      ),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => list.join(''));
const segments = fc.array(lines.map(written), { minLength: 1, maxLength: 4 });

/** Where each write of a segment ends. */
function ends(writes: readonly Buffer[]): number[] {
  let at = 0;
  return writes.map((write) => {
    at += write.length;
    return at;
  });
}

describe('what of a segment is whole', () => {
  it('is everything when nothing was torn, and nothing of an empty one', () => {
    fc.assert(
      fc.property(segments, (writes) => {
        const segment = Buffer.concat(writes);
        expect(wholeBytes(segment)).toBe(segment.length);
      }),
    );
    expect(wholeBytes(Buffer.alloc(0))).toBe(0);
  });

  it('is every write before the torn one, at whatever byte that ends', () => {
    fc.assert(
      fc.property(segments, (writes) => {
        const segment = Buffer.concat(writes);
        const boundaries = [0, ...ends(writes)];
        for (let cut = 0; cut <= segment.length; cut += 1) {
          const expected = boundaries.findLast((end) => end <= cut);
          expect([cut, wholeBytes(segment.subarray(0, cut))]).toEqual([cut, expected]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is every write before the first with a changed byte, at whatever place', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 255 }), (writes, change) => {
        const segment = Buffer.concat(writes);
        const boundaries = [0, ...ends(writes)];
        for (let at = 0; at < segment.length; at += 1) {
          const broken = Buffer.from(segment);
          broken[at] = (broken[at] ?? 0) ^ change;
          const expected = boundaries.findLast((end) => end <= at) ?? 0;
          expect([at, wholeBytes(broken)]).toEqual([at, expected]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('ends before zeros, which a file system may leave of a write that was not finished', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 5_000 }), (writes, zeros) => {
        const segment = Buffer.concat(writes);
        const torn = Buffer.concat([segment, Buffer.alloc(zeros)]);
        expect(wholeBytes(torn)).toBe(segment.length);
      }),
    );
  });

  it('ends before a write of which the middle never reached the disk', () => {
    const first = written(encodeLines(OUTBOX, [outboxRow(1)], MAX_LINE_BYTES));
    const second = written(encodeLines(OUTBOX, [outboxRow(2)], MAX_LINE_BYTES));
    second.fill(0, 50, 100);
    expect(wholeBytes(Buffer.concat([first, second]))).toBe(first.length);
  });
});

describe('lines of rows', () => {
  const parsed = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { n: number; event_id: string[]; payload: string[] });
  const idsOf = (text: string) =>
    parsed(text).flatMap(({ n, event_id }) =>
      Array.from({ length: n }, (_, index) => event_id[Math.min(index, event_id.length - 1)]),
    );

  it('are one when all rows fit it', () => {
    const rows = [1, 2, 3].map((index) => outboxRow(index));
    const text = encodeLines(OUTBOX, rows, MAX_LINE_BYTES);
    expect(text.match(/\n/g)).toHaveLength(1);
    expect(idsOf(text)).toEqual(rows.map((row) => row.event_id));
  });

  it('are never longer than a line may be, and hold every row once, in order', () => {
    const sizes = fc.array(fc.nat(900), { minLength: 1, maxLength: 30 });
    const letters = fc.constantFrom('x', 'ë', '東', '🚀', '"', '\n');
    fc.assert(
      fc.property(sizes, letters, fc.integer({ min: 5_000, max: 9_000 }), (list, letter, max) => {
        const rows = list.map((size, index) => outboxRow(index, { payload: letter.repeat(size) }));
        const text = encodeLines(OUTBOX, rows, max);
        for (const line of text.split('\n')) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(max);
        }
        expect(idsOf(text)).toEqual(rows.map((row) => row.event_id));
      }),
    );
  });

  it('do not take a row that alone is too long, and its append not at all', () => {
    const long = outboxRow(2, { payload: 'x'.repeat(5_000) });
    const encode = () => encodeLines(OUTBOX, [outboxRow(1), long, outboxRow(3)], 4_000);
    expect(encode).toThrow(InvalidRow);
    expect(encode).toThrow('longer than 4000 bytes');
  });

  it('never begin like the record that vouches for them', () => {
    fc.assert(
      fc.property(fc.string(), (payload) => {
        const text = encodeLines(OUTBOX, [outboxRow(1, { payload })], MAX_LINE_BYTES);
        expect(text.startsWith('{"commit":')).toBe(false);
      }),
    );
  });
});
