import { setTimeout as delay } from 'node:timers/promises';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { ProviderUnavailable } from '#schemas/problems.ts';
import { withLease } from '../leases/lease.ts';
import type { CredentialRow } from './credential-row.ts';
import { noCredential } from './credential-store.ts';
import { Refresher, type RefresherOptions, type RefreshOutcome } from './refresher.ts';
import { isFailed, judge, LEAST_LEFT_MS, problemOf } from './token-state.ts';

export interface TokenSourceOptions extends RefresherOptions {
  /** After how long others take over from a process that refreshes and is gone. Default 15,000 ms. */
  readonly leaseMs?: number;
  /** How long to wait for another process that refreshes. Default 20,000 ms. */
  readonly waitMs?: number;
}

/** The credential in use, and the version it is, for `invalidate`. */
export interface VersionedCredential {
  readonly credential: Credential;
  readonly version: number;
}

/** The second one when a process that ended has left tokens which are too old by now. */
const MAX_REFRESHES = 2;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 500;

/**
 * Gives those who call a provider a credential that works, and refreshes it when it does not: once for any
 * number of callers in any number of processes.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #refresher: Refresher;
  /** What this process has under way, by connection and version. */
  readonly #refreshing = new Map<string, Promise<RefreshOutcome>>();
  readonly #marking = new Set<Promise<unknown>>();

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#refresher = new Refresher(options);
  }

  /**
   * A credential that is good for a minute at least, where the provider gives such; while refreshing fails,
   * one that has not ended yet.
   *
   * @throws CredentialsRefused when somebody has to authenticate again
   * @throws ProviderUnavailable when it may be refreshed later
   */
  async accessCredential(connectionId: string): Promise<Credential> {
    return (await this.current(connectionId)).credential;
  }

  /** The same, with its version. */
  async current(connectionId: string): Promise<VersionedCredential> {
    return this.#obtain(connectionId);
  }

  /**
   * A credential newer than one that the provider has answered 401 to. It is refreshed once for all who ask
   * with the same version.
   *
   * @throws CredentialsRefused also when it is an API key, or so new that another one would not help
   */
  async invalidate(connectionId: string, version: number): Promise<VersionedCredential> {
    return this.#obtain(connectionId, version);
  }

  /**
   * Refreshes a version before it ends, unless that was done or is not due.
   *
   * @returns whether there is a newer one now
   * @throws what `accessCredential` throws, when it failed
   */
  async renew(connectionId: string, version: number): Promise<boolean> {
    const outcome = await this.#refresh(connectionId, version);
    if (!outcome.done && outcome.error !== undefined) throw outcome.error;
    const row = await this.#row(connectionId);
    if (row.version > version) return true;
    if (isFailed(row)) throw problemOf(row, 'failed');
    return false;
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#refreshing.values(), ...this.#marking]);
    await this.#refresher.settled();
  }

  async #obtain(connectionId: string, refused?: number): Promise<VersionedCredential> {
    let error: unknown;
    for (let refreshes = 0; ; refreshes += 1) {
      const row = await this.#row(connectionId);
      // One that was refreshed just now lives as long as the provider likes.
      const leastLeftMs = refreshes === 0 ? LEAST_LEFT_MS : 0;
      const verdict = judge(row, { refused, leastLeftMs });
      if (verdict === 'use') return this.#use(row);
      const holds = verdict === 'wait' && this.#refresher.holdsFor(connectionId, row.version);
      if (error !== undefined) throw error;
      if (verdict !== 'refresh' && !holds) throw problemOf(row, verdict);
      if (refreshes === MAX_REFRESHES) throw problemOf(row, 'wait');
      const outcome = await this.#refresh(connectionId, row.version);
      if (!outcome.done) error = outcome.error ?? problemOf(row, 'irreplaceable');
    }
  }

  async #use(found: CredentialRow): Promise<VersionedCredential> {
    const { row, credential } = await this.#options.store.read(found.connectionId, found);
    this.#markUsed(row);
    const { replaces: _, ...rest } = credential;
    return { credential: rest, version: row.version };
  }

  /** One at a time in this process; who asks meanwhile gets the same. */
  #refresh(connectionId: string, version: number): Promise<RefreshOutcome> {
    const key = `${connectionId}@${version}`;
    const underWay = this.#refreshing.get(key);
    if (underWay) return underWay;
    const refreshing = this.#refreshOrWait(connectionId, version).finally(() =>
      this.#refreshing.delete(key),
    );
    this.#refreshing.set(key, refreshing);
    return refreshing;
  }

  /** One at a time in all processes; the others wait until it has stored what it got. */
  async #refreshOrWait(connectionId: string, version: number): Promise<RefreshOutcome> {
    const { database, leaseMs = 15_000, waitMs = 20_000 } = this.#options;
    const lease = { name: `token-refresh/${connectionId}`, holdMs: leaseMs };
    const deadlineMs = performance.now() + waitMs;
    for (let pauseMs = FIRST_WAIT_MS; ; pauseMs = Math.min(LONGEST_WAIT_MS, pauseMs * 2)) {
      // Its loss does not end the work: the answer may hold the only tokens that are good.
      const outcome = await withLease(database, lease, () =>
        this.#refresher.replace(connectionId, version),
      );
      if (outcome.held) return outcome.result;
      if (performance.now() >= deadlineMs) {
        const detail = 'Another process refreshes the access token and has not come to an end.';
        return { done: false, error: new ProviderUnavailable(detail, { retryAfterSeconds: 5 }) };
      }
      await delay(pauseMs);
      const row = await this.#row(connectionId);
      if (row.version !== version) return { done: true };
    }
  }

  async #row(connectionId: string): Promise<CredentialRow> {
    const row = await this.#options.store.row(connectionId);
    if (row) return row;
    throw noCredential(connectionId);
  }

  /** At most once a minute, also over all processes. Nobody waits for it. */
  #markUsed({ connectionId, lastUsedAt, now }: CredentialRow): void {
    if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < 60_000) return;
    const { database, onError } = this.#options;
    const marking = database
      .query(
        `UPDATE connection_credentials SET last_used_at = now()
         WHERE connection_id = $1
           AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`,
        [connectionId],
      )
      .catch((error: unknown) => {
        onError(`The use of connection ${connectionId} could not be noted.`, error);
      })
      .finally(() => this.#marking.delete(marking));
    this.#marking.add(marking);
  }
}
