import type { StoredMessage } from './log-record.ts';
import { RecordScanner } from './record-scanner.ts';
import type { Segment } from './segments.ts';

/** What a reader sees of a topic's log. */
export interface ReadableLog {
  /** In order; those wholly confirmed disappear. */
  readonly segments: readonly Segment[];
  /** Position after the last written message. */
  readonly end: number;
  /** Lets the next write start a new segment. */
  seal(): void;
  warn(text: string): void;
}

/** Reads a log's messages in order, from a position on, a chunk at a time. */
export class SegmentReader {
  readonly #log: ReadableLog;
  #segment: Segment | undefined;
  #scanner: RecordScanner | undefined;
  /** Position of the scanner's next record. */
  #at: number;
  /** First position wanted. */
  #from: number;

  constructor(log: ReadableLog, from: number) {
    this.#log = log;
    this.#at = from;
    this.#from = from;
  }

  /** Position of the message that is read next. */
  get position(): number {
    return Math.max(this.#at, this.#from);
  }

  /** Goes on at a place whose position is known, as what stands before it came another way. */
  jump(segment: Segment, offset: number, position: number): void {
    this.#segment = segment;
    this.#scanner = new RecordScanner(segment.path, offset);
    this.#at = position;
    this.#from = position;
  }

  /**
   * Reads the rest of the chunk at hand, or the next one.
   *
   * @param low all messages before it are settled; their segments may be gone
   * @param take gets each message; false from it ends the call
   */
  async read(
    low: number,
    take: (position: number, stored: StoredMessage) => boolean,
  ): Promise<void> {
    const place = this.#place(low);
    if (!place) return;
    const { segment, scanner } = place;
    for (let loaded = false; ; ) {
      const shape = scanner.peek();
      if (shape.kind === 'whole') {
        const position = this.#at;
        this.#at += 1;
        if (position < this.#from) scanner.skip(shape.bytes);
        else if (!take(position, scanner.take(shape.bytes))) return;
      } else if (shape.kind === 'partial' && scanner.loadedTo < segment.size) {
        if (loaded) return;
        loaded = await scanner.load(shape.needed, segment.size);
        if (!loaded) return this.#leave(segment, true);
      } else {
        return this.#leave(segment, scanner.offset < segment.size);
      }
    }
  }

  #place(low: number): { segment: Segment; scanner: RecordScanner } | undefined {
    if (this.#segment && this.#scanner && this.#log.segments.includes(this.#segment)) {
      return { segment: this.#segment, scanner: this.#scanner };
    }
    this.#from = Math.max(this.position, low);
    const segment = this.#log.segments.find(({ end }) => end > this.#from);
    return this.#enter(segment);
  }

  #enter(segment: Segment | undefined): { segment: Segment; scanner: RecordScanner } | undefined {
    this.#segment = segment;
    this.#scanner = segment && new RecordScanner(segment.path, 0);
    this.#at = segment ? segment.base : this.#log.end;
    return segment && this.#scanner && { segment, scanner: this.#scanner };
  }

  /** @param damaged whether records of the segment that were written cannot be read */
  #leave(segment: Segment, damaged: boolean): void {
    const next = this.#log.segments.find(({ base }) => base > segment.base);
    if (damaged) {
      this.#log.warn(
        `${segment.path}: unreadable after position ${this.position}; going on at ${next?.base ?? this.#log.end}. Reconciliation carries again what was lost.`,
      );
      if (!next) this.#log.seal();
    }
    if (next || this.#at < this.#log.end || damaged) this.#enter(next);
  }
}
