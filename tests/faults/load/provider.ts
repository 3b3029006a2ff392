import { setTimeout as delay } from 'node:timers/promises';
import { type Random, shuffled } from '#adapters/kit/sandbox/random.ts';
import { type Batch, type BatchMaker, makeBatch, signedHeaders } from './batch.ts';
import { type Phase, ProviderRecord } from './record.ts';

export interface ProviderOptions extends BatchMaker {
  readonly url: string;
  readonly random: Random;
  /** How many requests are under way at once. Default 24. */
  readonly lines?: number;
  /**
   * Share of acknowledged requests that are sent again later, as after an answer that got lost, and
   * whether the changes of a request, and their times, come in any order.
   */
  readonly repeatShare?: number;
  readonly shuffles?: boolean;
}

export interface SendOptions {
  /** Paced so that it takes about so long. Default: as fast as it is answered. */
  readonly overMs?: number;
  /** Given up after this time; what is unacknowledged is still retried. Default overMs + 30,000 ms. */
  readonly atMostMs?: number;
}

/** HubSpot waits so long for an answer. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Retry-After is obeyed up to here: a scenario has minutes, and a provider a day. */
const MAX_RETRY_AFTER_MS = 5_000;
const RETRY_MS = 400;
const MAX_ENTITIES_OF_LINE = 8;
/** What is due in such a time is sent at once, so that requests hold several changes. */
const PACE_MS = 100;

/**
 * A provider of signed HubSpot batches. Many lines send at once, each with entities of its own; the next
 * change of an entity is sent only after the one before was acknowledged. What is refused or
 * unanswered is sent again until it is acknowledged.
 */
export class Provider {
  readonly record = new ProviderRecord();
  phase: Phase = 'before';
  readonly #options: ProviderOptions;
  readonly #stopped = new AbortController();
  readonly #lines: Promise<unknown>;
  readonly #sent: Batch[] = [];
  #sequence = 1;
  /** Events that may be sent, in all, and those that were. */
  #allowed = 0;
  #begun = 0;
  #underWay = 0;
  #wake = Promise.withResolvers<void>();

  constructor(options: ProviderOptions) {
    this.#options = options;
    const { lines = 24 } = options;
    this.#lines = Promise.all(Array.from({ length: lines }, (_, line) => this.#runLine(line)));
  }

  /**
   * Sends so many more events.
   *
   * @returns whether all of them were acknowledged in time
   */
  async send(events: number, { overMs = 0, atMostMs = overMs + 30_000 }: SendOptions = {}) {
    const startedAtMs = performance.now();
    const from = this.#begun;
    const goal = this.record.acknowledged.size + events;
    const elapsedMs = () => performance.now() - startedAtMs;
    while (this.record.acknowledged.size < goal && elapsedMs() < atMostMs) {
      const due = overMs === 0 ? events : Math.min(events, (events * elapsedMs()) / overMs);
      this.#allow(from + due);
      await delay(PACE_MS);
    }
    // What was not begun is for others to send.
    this.#allowed = this.#begun;
    return this.record.acknowledged.size >= goal;
  }

  /** Waits until nothing is unacknowledged any more. @returns whether it came to that in time */
  async settle(atMostMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + atMostMs;
    while (this.#underWay > 0 && performance.now() < deadlineMs) await delay(20);
    return this.#underWay === 0;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.resolve();
    await this.#lines;
  }

  #allow(events: number): void {
    this.#allowed = Math.max(this.#allowed, events);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #runLine(line: number): Promise<void> {
    const { signal } = this.#stopped;
    const { random, shuffles, repeatShare = 0 } = this.#options;
    const first = 1_000 + line * MAX_ENTITIES_OF_LINE;
    while (!signal.aborted) {
      const room = Math.ceil(this.#allowed - this.#begun);
      if (room <= 0) {
        await this.#wake.promise;
        continue;
      }
      const size = Math.min(room, random.integer(1, MAX_ENTITIES_OF_LINE));
      const inTurn = Array.from({ length: size }, (_, index) => first + index);
      const entities = shuffles ? shuffled(inTurn, random) : inTurn;
      const anyTime = shuffles ? () => random.integer(1_700e9, 1_760e9) : undefined;
      const batch = makeBatch(this.#options, entities, this.#sequence, anyTime);
      this.#sequence += size;
      this.#begun += size;
      this.#underWay += 1;
      while (!signal.aborted && !(await this.#attempt(batch))) {
        // Goes on until it is acknowledged.
      }
      this.#underWay -= 1;
      this.#sent.push(batch);
      if (random.next() < repeatShare) await this.#repeat();
    }
  }

  /** Any request of earlier, once more. Its answer changes nothing. */
  async #repeat(): Promise<void> {
    await this.#post(this.#options.random.pick(this.#sent));
  }

  async #attempt(batch: Batch): Promise<boolean> {
    const startedAtMs = performance.now();
    const startedIn = this.phase;
    const { outcome, retryAfterMs } = await this.#post(batch);
    const phase = startedIn === 'during' ? startedIn : this.phase;
    this.record.noteAnswer(phase, outcome);
    if (outcome === '2xx') {
      this.record.noteAcknowledged(batch.events, phase, performance.now() - startedAtMs);
      return true;
    }
    const { signal } = this.#stopped;
    await delay(retryAfterMs * (0.5 + this.#options.random.next() / 2), undefined, {
      signal,
    }).catch(() => undefined);
    return false;
  }

  async #post({ body }: Batch): Promise<{ outcome: string; retryAfterMs: number }> {
    const { url, secret } = this.#options;
    this.record.noteRequest();
    let outcome = 'unanswered';
    let retryAfterMs = RETRY_MS;
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: signedHeaders(url, secret, body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      outcome = response.ok ? '2xx' : String(response.status);
      const asked = Number(response.headers.get('retry-after')) * 1_000;
      if (asked > 0) retryAfterMs = Math.min(asked, MAX_RETRY_AFTER_MS);
    } catch {
      // Broken or late: to a provider the same.
    }
    return { outcome, retryAfterMs };
  }
}
