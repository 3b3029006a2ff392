import { decodeListedEscapes } from '#adapters/kit/verification/listed-escapes.ts';
import { signatureHeaders } from '../sign.ts';
import type { SandboxNotification } from './account.ts';
import type { Random } from './random.ts';
import type { SandboxStats } from './stats.ts';

/** What the sender of one request gets wrong. */
export type Flaw = 'bad_signature' | 'late';

/** Notifications of one request, and what is wrong with it. */
interface Batch {
  readonly notifications: readonly SandboxNotification[];
  readonly flaw?: Flaw;
}

export interface DeliveryOptions {
  readonly targetUrl: string;
  readonly secret: string;
  readonly random: Random;
  readonly nowMs: () => number;
  /** Requests under way at once. HubSpot's default is 10 for each installed account. */
  readonly maxConcurrentRequests: number;
  /** HubSpot waits 5,000 ms. */
  readonly timeoutMs: number;
  /** HubSpot retries up to 10 times. */
  readonly maxRetries: number;
  /** Within this time; HubSpot's is 24 hours. */
  readonly retryWindowMs: number;
  /** Retry delays are divided by this. */
  readonly timeScale: number;
  /** Told of the notifications of each request that was answered 2xx. */
  readonly onAcknowledged?: (notifications: readonly SandboxNotification[]) => void;
}

/** Past the five minutes a receiver allows. */
const LATENESS_MS = 301_000;
/** Longest delay a Node timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;
const MAX_BATCH = 100;

/**
 * Sends notifications as HubSpot documents it: at most 100 in a request, a bounded number of
 * requests at once, and after any answer but 2xx, or none, again after a random delay. A failed
 * batch comes back in two parts, since HubSpot does not promise to keep the grouping.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #stats: SandboxStats;
  readonly #uri: string;
  readonly #queue: Batch[] = [];
  readonly #retries: SandboxNotification[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #closing = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];

  constructor(options: DeliveryOptions, stats: SandboxStats) {
    this.#options = options;
    this.#stats = stats;
    this.#uri = decodeListedEscapes(options.targetUrl);
  }

  /** Queues notifications, cut into requests. */
  send(notifications: readonly SandboxNotification[], flaw?: Flaw): void {
    for (let start = 0; start < notifications.length; start += MAX_BATCH) {
      const part = notifications.slice(start, start + MAX_BATCH);
      this.#queue.push(
        flaw === undefined ? { notifications: part } : { notifications: part, flaw },
      );
    }
    this.#stats.pending += notifications.length;
    this.#pump();
  }

  /** Resolves once nothing waits for an answer or a retry. */
  idle(): Promise<void> {
    if (this.#stats.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends nothing more, and gives up the answers under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#queue.length = 0;
    this.#retries.length = 0;
    await Promise.all(this.#sending);
    this.#stats.pending = 0;
    this.#settled();
  }

  #pump(): void {
    while (this.#sending.size < this.#options.maxConcurrentRequests) {
      const batch = this.#nextBatch();
      if (batch === undefined) return;
      const sending = this.#deliver(batch).finally(() => {
        this.#sending.delete(sending);
        this.#settled();
        this.#pump();
      });
      this.#sending.add(sending);
    }
  }

  #nextBatch(): Batch | undefined {
    // Retries that came due at different times share a request.
    if (this.#retries.length > 0) return { notifications: this.#retries.splice(0, MAX_BATCH) };
    return this.#queue.shift();
  }

  async #deliver({ notifications, flaw }: Batch): Promise<void> {
    const count = notifications.length;
    this.#stats.requests += 1;
    this.#stats.sent += count;
    if (await this.#post(notifications, flaw)) {
      this.#stats.acknowledged += count;
      this.#stats.pending -= count;
      this.#options.onAcknowledged?.(notifications);
      return;
    }
    if (this.#closing.signal.aborted) return;
    this.#stats.refused += count;
    if (flaw === 'bad_signature') {
      // A forger does not keep HubSpot's schedule.
      this.#stats.pending -= count;
      return;
    }
    const cut = this.#options.random.integer(1, count);
    this.#retryLater(notifications.slice(0, cut));
    this.#retryLater(notifications.slice(cut));
  }

  async #post(notifications: readonly SandboxNotification[], flaw?: Flaw): Promise<boolean> {
    const { secret, targetUrl, timeoutMs, nowMs } = this.#options;
    const body = Buffer.from(JSON.stringify(notifications));
    const key = flaw === 'bad_signature' ? `not-${secret}` : secret;
    const timestampMs = nowMs() - (flaw === 'late' ? LATENESS_MS : 0);
    try {
      const response = await fetch(targetUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signatureHeaders(key, this.#uri, body, timestampMs),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]),
      });
      // An unread body would keep the connection from being used again.
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  #retryLater(notifications: readonly SandboxNotification[]): void {
    const due: SandboxNotification[] = [];
    for (const notification of notifications) {
      if (notification.attemptNumber >= this.#options.maxRetries) {
        this.#stats.given_up += 1;
        this.#stats.pending -= 1;
      } else {
        due.push({ ...notification, attemptNumber: notification.attemptNumber + 1 });
      }
    }
    if (due.length === 0) return;
    this.#stats.retried += due.length;
    const { random, retryWindowMs, maxRetries, timeScale } = this.#options;
    // Ten delays of at most a tenth of the window each stay within it.
    const delayMs = (random.next() * retryWindowMs) / Math.max(1, maxRetries) / timeScale;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#retries.push(...due);
        this.#pump();
      },
      Math.min(delayMs, MAX_TIMER_MS),
    );
    this.#timers.add(timer);
  }

  #settled(): void {
    if (this.#stats.pending !== 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
