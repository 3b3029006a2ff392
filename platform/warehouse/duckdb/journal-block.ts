import { crc32 } from 'node:zlib';
import { InvalidRow } from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import { toColumns } from '../row-encoder.ts';
import type { Row } from '../warehouse.ts';

/**
 * The journal's format: lines of JSON, each a block of rows by columns, then one commit record that
 * vouches for the lines before it. Lines count only when their record is whole and its checksum
 * holds, so a torn write is recognised.
 */
const COMMIT_PREFIX = '{"commit":';

/**
 * The lines of an append; rows that do not fit one line together stand on several.
 *
 * @param maxLineBytes longest line DuckDB is told to read
 * @throws InvalidRow when a row does not fit its table, or alone is longer than a line may be
 */
export function encodeLines(table: Table, rows: readonly Row[], maxLineBytes: number): string {
  const line = `${JSON.stringify(toColumns(table, rows))}\n`;
  // UTF-8 takes at most three bytes for a unit of a string: most lines need no second look.
  if (line.length * 3 <= maxLineBytes || Buffer.byteLength(line) <= maxLineBytes) return line;
  if (rows.length === 1) {
    const message = `the row is longer than ${maxLineBytes} bytes`;
    throw new InvalidRow(`A row does not fit ${table.name}: ${message}.`, {
      faults: [{ pointer: '/0', message }],
    });
  }
  const half = rows.length >> 1;
  return (
    encodeLines(table, rows.slice(0, half), maxLineBytes) +
    encodeLines(table, rows.slice(half), maxLineBytes)
  );
}

/** The commit record that closes a block of rows. */
export function commitRecord(block: Buffer): string {
  return `${COMMIT_PREFIX}{"bytes":${block.length},"crc32":${crc32(block)}}}\n`;
}

/**
 * How much of a segment is whole: the bytes up to the end of the last good block. What follows was
 * never confirmed to anyone.
 */
export function wholeBytes(segment: Buffer): number {
  let blockStart = 0;
  let lineStart = 0;
  while (lineStart < segment.length) {
    const lineEnd = segment.indexOf(0x0a, lineStart);
    if (lineEnd === -1) break;
    if (startsWithPrefix(segment, lineStart)) {
      const block = segment.subarray(blockStart, lineStart);
      if (segment.toString('latin1', lineStart, lineEnd + 1) !== commitRecord(block)) break;
      blockStart = lineEnd + 1;
    }
    lineStart = lineEnd + 1;
  }
  return blockStart;
}

function startsWithPrefix(segment: Buffer, offset: number): boolean {
  return segment.toString('latin1', offset, offset + COMMIT_PREFIX.length) === COMMIT_PREFIX;
}
