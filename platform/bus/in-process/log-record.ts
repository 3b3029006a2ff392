import { crc32 } from 'node:zlib';
import type { BusMessage } from '../bus.ts';

/**
 * A record of a topic's log, all numbers little-endian:
 * body length (u32), CRC-32 of the body (u32), then the body: time of publishing in ms (f64), bytes
 * of the key (u32), bytes of the attributes (u32), key, attributes as JSON, data, all in UTF-8.
 */
const PREFIX_BYTES = 8;
const HEAD_BYTES = 16;
const START_BYTES = 64 * 1024;
/** A buffer grown past this by a burst is not kept. */
const KEEP_BYTES = 4 * 1024 * 1024;

/** Longest body of a record; a longer length read from a file is damage. */
export const MAX_BODY_BYTES = 40 * 1024 * 1024;

/** A message as the log holds it. */
export interface StoredMessage {
  readonly message: BusMessage;
  readonly publishedAtMs: number;
  /** Of the whole record. */
  readonly bytes: number;
}

/** Records, one after the other, ready to be written at once. */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The records so far; valid until the next change. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @returns bytes of the record added */
  add(message: BusMessage, publishedAtMs: number): number {
    const attributes = JSON.stringify(message.attributes);
    const start = this.#length;
    const characters = message.orderingKey.length + attributes.length + message.data.length;
    this.#reserve(PREFIX_BYTES + HEAD_BYTES + 3 * characters);
    const bytes = this.#bytes;
    const body = start + PREFIX_BYTES;
    const keyAt = body + HEAD_BYTES;
    const keyBytes = bytes.write(message.orderingKey, keyAt);
    const attributesBytes = bytes.write(attributes, keyAt + keyBytes);
    const dataBytes = bytes.write(message.data, keyAt + keyBytes + attributesBytes);
    const end = keyAt + keyBytes + attributesBytes + dataBytes;
    bytes.writeDoubleLE(publishedAtMs, body);
    bytes.writeUInt32LE(keyBytes, body + 8);
    bytes.writeUInt32LE(attributesBytes, body + 12);
    bytes.writeUInt32LE(end - body, start);
    bytes.writeUInt32LE(crc32(bytes.subarray(body, end)), start + 4);
    this.#length = end;
    return end - start;
  }

  /** Drops what stands after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
    if (length === 0 && this.#bytes.length > KEEP_BYTES) {
      this.#bytes = Buffer.allocUnsafeSlow(START_BYTES);
    }
  }

  #reserve(needed: number): void {
    const wanted = this.#length + needed;
    if (wanted <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** What stands at a place of a log: a record of so many bytes, the start of one, or damage. */
export type RecordShape =
  | { readonly kind: 'whole'; readonly bytes: number }
  | { readonly kind: 'partial'; readonly needed: number }
  | { readonly kind: 'damaged' };

/**
 * Checks the record that starts at `offset`.
 *
 * @param end bytes of `buffer` that are filled
 * @returns `partial` with the bytes it takes to know more, when the record goes on after `end`
 */
export function inspectRecord(buffer: Buffer, offset: number, end: number): RecordShape {
  if (end - offset < PREFIX_BYTES) return { kind: 'partial', needed: PREFIX_BYTES };
  const bodyBytes = buffer.readUInt32LE(offset);
  // Zeros, which a file system may leave after a power loss, would pass for an empty body.
  if (bodyBytes < HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) return { kind: 'damaged' };
  const bytes = PREFIX_BYTES + bodyBytes;
  if (end - offset < bytes) return { kind: 'partial', needed: bytes };
  const checksum = crc32(buffer.subarray(offset + PREFIX_BYTES, offset + bytes));
  return checksum === buffer.readUInt32LE(offset + 4)
    ? { kind: 'whole', bytes }
    : { kind: 'damaged' };
}

/** Reads a record that `inspectRecord` found whole. The result shares no memory with the buffer. */
export function decodeRecord(buffer: Buffer, offset: number, bytes: number): StoredMessage {
  const body = offset + PREFIX_BYTES;
  const keyAt = body + HEAD_BYTES;
  const attributesAt = keyAt + buffer.readUInt32LE(body + 8);
  const dataAt = attributesAt + buffer.readUInt32LE(body + 12);
  const attributes: Record<string, string> = JSON.parse(
    buffer.toString('utf8', attributesAt, dataAt),
  );
  const message: BusMessage = {
    data: buffer.toString('utf8', dataAt, offset + bytes),
    attributes,
    orderingKey: buffer.toString('utf8', keyAt, attributesAt),
  };
  return { message, publishedAtMs: buffer.readDoubleLE(body), bytes };
}
