import type { Socket } from 'node:net';

/** How one direction of a proxy treats what passes. Shared by the lanes of all its connections. */
export interface Conduct {
  /** Bytes and ends wait until this is over. */
  stalled: boolean;
  /** How long everything takes to pass. */
  delayMs: number;
  /** The receiving side has been told that nothing more comes; what comes is thrown away. */
  ended: boolean;
  /** Changes bytes on their way. */
  spoil: ((chunk: Buffer) => Buffer) | undefined;
  /** Of so many bytes, how many pass before the connection breaks; undefined when it holds. */
  sever: ((bytes: number) => number | undefined) | undefined;
}

export function goodConduct(): Conduct {
  return { stalled: false, delayMs: 0, ended: false, spoil: undefined, sever: undefined };
}

type Item = { readonly arrivedAtMs: number } & (
  | { readonly kind: 'bytes'; readonly chunk: Buffer }
  | { readonly kind: 'end' | 'reset' }
);

/** Held bytes from which on the sender is not read any more, as a full network takes none. */
const MAX_HELD_BYTES = 1024 ** 2;

/** One direction of one connection. */
export class Lane {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #conduct: Conduct;
  readonly #held: Item[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, sink: Socket, conduct: Conduct) {
    this.#source = source;
    this.#sink = sink;
    this.#conduct = conduct;
    source.on('data', (chunk) => this.#hold({ kind: 'bytes', chunk, arrivedAtMs: Date.now() }));
    source.on('end', () => this.#hold({ kind: 'end', arrivedAtMs: Date.now() }));
    source.on('close', (hadError) => {
      if (hadError) this.#hold({ kind: 'reset', arrivedAtMs: Date.now() });
    });
    sink.on('drain', () => this.proceed());
    this.proceed();
  }

  /** Passes on what may pass now. To be called when the conduct has changed. */
  proceed(): void {
    clearTimeout(this.#timer);
    const { stalled, delayMs, ended } = this.#conduct;
    if (ended && !this.#sink.writableEnded) this.#sink.end();
    while (!stalled && !this.#sink.writableNeedDrain) {
      const next = this.#held[0];
      if (!next) break;
      const waitMs = next.arrivedAtMs + delayMs - Date.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.proceed(), waitMs);
        break;
      }
      this.#held.shift();
      this.#pass(next);
    }
    if (this.#heldBytes < MAX_HELD_BYTES) this.#source.resume();
  }

  /** Forgets what it holds. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #hold(item: Item): void {
    this.#held.push(item);
    if (item.kind === 'bytes') {
      this.#heldBytes += item.chunk.length;
      if (this.#heldBytes >= MAX_HELD_BYTES) this.#source.pause();
    }
    this.proceed();
  }

  #pass(item: Item): void {
    if (item.kind === 'bytes') {
      this.#heldBytes -= item.chunk.length;
      if (this.#sink.writable) this.#passBytes(item.chunk);
    } else if (item.kind === 'end') this.#sink.end();
    else this.#sink.resetAndDestroy();
  }

  #passBytes(chunk: Buffer): void {
    const { spoil, sever } = this.#conduct;
    const passing = sever?.(chunk.length);
    if (passing === undefined) {
      this.#sink.write(spoil?.(chunk) ?? chunk);
      return;
    }
    this.stop();
    this.#source.resetAndDestroy();
    this.#sink.end(chunk.subarray(0, passing), () => this.#sink.destroy());
  }
}
