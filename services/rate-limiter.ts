import { LRUCache } from 'lru-cache';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Most keys remembered; the least recently used goes first and starts again with a full bucket. */
const MAX_KEYS = 50_000;

/** A token bucket for each key: `perSecond` on average, bursts of twice that. */
export class RateLimiter {
  readonly perSecond: number;
  readonly burst: number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_KEYS });

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.burst = perSecond * 2;
  }

  /**
   * Takes a token.
   *
   * @returns 0 when there was one, else the seconds to wait for the next, rounded up
   */
  take(key: string, nowMs: number): number {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = { tokens: this.burst, filledAtMs: nowMs };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = this.#tokens(bucket, nowMs);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / this.perSecond));
    bucket.tokens -= 1;
    return 0;
  }

  /** How many tokens there are, which may be a part of one. Takes none. */
  left(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    return bucket ? this.#tokens(bucket, nowMs) : this.burst;
  }

  #tokens({ tokens, filledAtMs }: Bucket, nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - filledAtMs);
    return Math.min(this.burst, tokens + (elapsedMs / 1_000) * this.perSecond);
  }
}
