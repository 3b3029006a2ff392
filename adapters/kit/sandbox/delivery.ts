import type {
  Attempted,
  DeliveryPolicy,
  OutgoingRequest,
  SandboxAccount,
  Signing,
} from './contract.ts';
import { post } from './post.ts';
import type { Random } from './random.ts';
import type { SandboxStats } from './stats.ts';

/** What is done wrong in sending one request. */
export interface Flaws {
  /** Signed with another secret. */
  readonly badSignature?: boolean;
  /** States a time that is stale. */
  readonly late?: boolean;
  /** Waits so long before it is sent. */
  readonly delayMs?: number;
  /** Its body takes so long to be sent. */
  readonly bodyMs?: number;
  /** Not cut into requests of the provider's size. */
  readonly whole?: boolean;
}

interface Batch<Change> {
  readonly items: readonly Attempted<Change>[];
  readonly flaws: Flaws;
}

export interface DeliveryOptions<Change> {
  readonly account: SandboxAccount<Change>;
  readonly policy: DeliveryPolicy;
  readonly secret: string;
  readonly random: Random;
  readonly nowMs: () => number;
  /** Delays are divided by this. */
  readonly timeScale: number;
  readonly stats: SandboxStats;
  readonly onAcknowledged?: (request: OutgoingRequest) => void;
}

/** Past the five minutes a receiver allows. */
const LATENESS_MS = 301_000;
/** Longest delay a Node timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Sends changes as the provider documents it: so many in a request, so many requests at once, and
 * after a failure again, until it gives up.
 */
export class Delivery<Change> {
  readonly #options: DeliveryOptions<Change>;
  readonly #stats: SandboxStats;
  readonly #queue: Batch<Change>[] = [];
  readonly #retries: Attempted<Change>[][] = [];
  /** What waits for its time, with how many changes it holds. */
  readonly #timers = new Map<NodeJS.Timeout, number>();
  readonly #closing = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];
  #failuresInARow = 0;

  constructor(options: DeliveryOptions<Change>) {
    this.#options = options;
    this.#stats = options.stats;
  }

  /** Queues changes, cut into requests. */
  send(changes: readonly Change[], flaws: Flaws = {}): void {
    if (this.#stats.deactivated) {
      this.#stats.dropped += changes.length;
      return;
    }
    const { maxBatch } = this.#options.policy;
    const size = flaws.whole ? Math.max(1, changes.length) : maxBatch;
    this.#stats.pending += changes.length;
    for (let start = 0; start < changes.length; start += size) {
      const items = changes
        .slice(start, start + size)
        .map((change) => ({ change, attempt: 0 }) satisfies Attempted<Change>);
      const batch = { items, flaws };
      if (flaws.delayMs) this.#later(flaws.delayMs, items.length, () => this.#queue.push(batch));
      else this.#queue.push(batch);
    }
    this.#pump();
  }

  /** Resolves once nothing waits for an answer or a retry. */
  idle(): Promise<void> {
    if (this.#stats.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  activate(): void {
    this.#failuresInARow = 0;
    this.#stats.deactivated = false;
  }

  /** Sends nothing more, and gives up the answers under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#forgetWaiting();
    await Promise.all(this.#sending);
    this.#stats.pending = 0;
    this.#settled();
  }

  #pump(): void {
    while (this.#sending.size < this.#options.policy.maxConcurrentRequests) {
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

  #nextBatch(): Batch<Change> | undefined {
    const { regroups, maxBatch } = this.#options.policy;
    const retry = this.#retries.shift();
    if (retry === undefined) return this.#queue.shift();
    if (regroups && retry.length > maxBatch) {
      // What was sent whole comes back in requests of the provider's size.
      this.#retries.unshift(retry.splice(maxBatch));
    }
    // Retries that came due at different times share a request, where the provider regroups.
    while (regroups && retry.length < maxBatch) {
      const next = this.#retries[0];
      if (next === undefined) break;
      retry.push(...next.splice(0, maxBatch - retry.length));
      if (next.length === 0) this.#retries.shift();
    }
    return { items: retry, flaws: {} };
  }

  async #deliver({ items, flaws }: Batch<Change>): Promise<void> {
    const { account, policy, onAcknowledged } = this.#options;
    const count = items.length;
    this.#stats.requests += 1;
    this.#stats.sent += count;
    const request = account.request(items, this.#signing(flaws));
    const answer = await post(request, {
      timeoutMs: policy.timeoutMs,
      bodyMs: flaws.bodyMs ?? 0,
      signal: this.#closing.signal,
    });
    const acknowledges = account.acknowledges ?? ((status) => status >= 200 && status < 300);
    if (answer && acknowledges(answer.status, answer.body, request)) {
      this.#stats.acknowledged += count;
      this.#stats.pending -= count;
      this.#failuresInARow = 0;
      onAcknowledged?.(request);
      return;
    }
    if (this.#closing.signal.aborted) return;
    this.#stats.refused += count;
    if (flaws.badSignature) {
      // A forger does not keep the provider's schedule.
      this.#stats.pending -= count;
      return;
    }
    this.#failed(items);
  }

  #signing({ badSignature, late }: Flaws): Signing {
    const { secret, nowMs } = this.#options;
    return {
      secret: badSignature ? `not-${secret}` : secret,
      nowMs: nowMs() - (late ? LATENESS_MS : 0),
    };
  }

  #failed(items: readonly Attempted<Change>[]): void {
    const { policy, random } = this.#options;
    this.#failuresInARow += 1;
    const { deactivateAfterFailures } = policy;
    if (deactivateAfterFailures && this.#failuresInARow >= deactivateAfterFailures) {
      this.#stats.deactivated = true;
    }
    // Also what was under way when that happened.
    if (this.#stats.deactivated) {
      // What waited is lost with what failed, as it is at the provider.
      this.#giveUp(items.length + this.#forgetWaiting());
      return;
    }
    // A group that comes back in two parts shows who relies on the grouping.
    const cut = policy.regroups ? random.integer(1, items.length) : items.length;
    this.#retryLater(items.slice(0, cut));
    this.#retryLater(items.slice(cut));
  }

  #retryLater(items: readonly Attempted<Change>[]): void {
    const { policy, random } = this.#options;
    const due: Attempted<Change>[] = [];
    let delayMs = 0;
    for (const { change, attempt } of items) {
      const retryDelayMs = policy.retryDelayMs(attempt + 1, random);
      if (retryDelayMs === undefined) {
        this.#giveUp(1);
        continue;
      }
      due.push({ change, attempt: attempt + 1 });
      delayMs = retryDelayMs;
    }
    if (due.length === 0) return;
    this.#stats.retried += due.length;
    this.#later(delayMs, due.length, () => this.#retries.push(due));
  }

  #later(delayMs: number, count: number, queue: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        queue();
        this.#pump();
      },
      Math.min(delayMs / this.#options.timeScale, MAX_TIMER_MS),
    );
    this.#timers.set(timer, count);
  }

  #giveUp(count: number): void {
    this.#stats.given_up += count;
    this.#stats.pending -= count;
  }

  /** @returns how many changes waited */
  #forgetWaiting(): number {
    for (const timer of this.#timers.keys()) clearTimeout(timer);
    const queued = this.#queue.reduce((sum, { items }) => sum + items.length, 0);
    const retries = this.#retries.reduce((sum, items) => sum + items.length, 0);
    const timed = [...this.#timers.values()].reduce((sum, count) => sum + count, 0);
    this.#timers.clear();
    this.#queue.length = 0;
    this.#retries.length = 0;
    return queued + retries + timed;
  }

  #settled(): void {
    if (this.#stats.pending !== 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
