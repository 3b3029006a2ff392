import { crc32 } from 'node:zlib';

/**
 * The journal's format: lines of JSON rows, then one commit record that vouches for them. A block
 * counts only when its record is whole and its checksum holds, so a torn write is recognised.
 */
const COMMIT_PREFIX = '{"commit":';

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
