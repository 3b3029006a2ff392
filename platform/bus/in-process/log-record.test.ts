import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BusMessage } from '../bus.ts';
import { decodeRecord, inspectRecord, RecordBuffer } from './log-record.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
const messages: fc.Arbitrary<BusMessage> = fc.record({
  data: text,
  attributes: fc.dictionary(text, text, { noNullPrototype: true }),
  orderingKey: text,
});

describe('log record', () => {
  it('reads back what was written, one record after the other', () => {
    fc.assert(
      fc.property(fc.array(messages, { minLength: 1 }), fc.nat(), (written, publishedAtMs) => {
        const records = new RecordBuffer();
        for (const message of written) records.add(message, publishedAtMs);
        const bytes = records.view();
        const read: unknown[] = [];
        for (let offset = 0; offset < bytes.length; ) {
          const shape = inspectRecord(bytes, offset, bytes.length);
          if (shape.kind !== 'whole') throw new Error(`${shape.kind} at ${offset}`);
          read.push(decodeRecord(bytes, offset, shape.bytes));
          offset += shape.bytes;
        }
        expect(read).toEqual(
          written.map((message) => ({ message, publishedAtMs, bytes: expect.any(Number) })),
        );
      }),
    );
  });

  const whole = () => {
    const records = new RecordBuffer();
    records.add({ data: '{"a":1}', attributes: { b: 'c' }, orderingKey: 'k' }, 5);
    return Buffer.from(records.view());
  };

  it('calls every start of a record partial, and asks for enough', () => {
    const bytes = whole();
    for (let end = 0; end < bytes.length; end += 1) {
      const needed = end < 8 ? 8 : bytes.length;
      expect(inspectRecord(bytes, 0, end)).toEqual({ kind: 'partial', needed });
    }
  });

  it('never takes a record with one changed bit for whole', () => {
    const original = whole();
    for (let bit = 0; bit < original.length * 8; bit += 1) {
      const bytes = Buffer.from(original);
      const at = bit >> 3;
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(inspectRecord(bytes, 0, bytes.length).kind).not.toBe('whole');
    }
  });

  it('takes zeros, which a power loss may leave, for damage', () => {
    expect(inspectRecord(Buffer.alloc(100), 0, 100)).toEqual({ kind: 'damaged' });
  });

  it('forgets what is truncated', () => {
    const records = new RecordBuffer();
    const first = records.add({ data: 'a', attributes: {}, orderingKey: '' }, 1);
    const before = Buffer.from(records.view());
    records.add({ data: 'b'.repeat(200_000), attributes: {}, orderingKey: '' }, 1);
    records.truncate(first);
    expect(records.view().equals(before)).toBe(true);
  });
});
