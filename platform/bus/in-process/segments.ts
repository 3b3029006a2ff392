import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordScanner } from './record-scanner.ts';

/** A file of a topic's log. Its name is the position of its first message. */
export interface Segment {
  readonly path: string;
  readonly base: number;
  /** No message at or after this position stands here. */
  end: number;
  /** Bytes of whole records. */
  size: number;
}

const NAME = /^(\d{16})\.log$/;

export function segmentPath(folder: string, base: number): string {
  return join(folder, `${String(base).padStart(16, '0')}.log`);
}

export interface FoundSegments {
  /** In order. */
  readonly segments: Segment[];
  /** Position after the last message. */
  readonly next: number;
}

/**
 * Finds the segments of a folder, in order. A torn tail of the last one, which a crash leaves, is
 * cut off; earlier ones are checked when they are read.
 *
 * @param warn is told what was cut off
 */
export async function findSegments(
  folder: string,
  warn: (text: string) => void,
): Promise<FoundSegments> {
  const segments: Segment[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(folder, name);
    const base = Number(match[1]);
    const previous = segments.at(-1);
    if (previous) previous.end = base;
    segments.push({ path, base, end: base, size: (await stat(path)).size });
  }
  const last = segments.at(-1);
  if (!last) return { segments, next: 0 };
  await cutTornTail(last, warn);
  // The next write may create a file of the very name of an empty one: it must not be listed twice.
  if (last.size === 0) segments.pop();
  return { segments, next: last.end };
}

async function cutTornTail(segment: Segment, warn: (text: string) => void): Promise<void> {
  const fileBytes = segment.size;
  const scanner = new RecordScanner(segment.path, 0);
  for (;;) {
    const shape = scanner.peek();
    if (shape.kind === 'whole') {
      scanner.skip(shape.bytes);
      segment.end += 1;
      continue;
    }
    if (shape.kind === 'damaged' || scanner.loadedTo >= fileBytes) break;
    if (!(await scanner.load(shape.needed, fileBytes))) break;
  }
  segment.size = scanner.offset;
  if (segment.size === fileBytes) return;
  await truncate(segment.path, segment.size);
  warn(`${segment.path}: cut off ${fileBytes - segment.size} bytes of an unfinished write.`);
}
