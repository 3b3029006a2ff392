import { setTimeout as delay } from 'node:timers/promises';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Database } from '#platform/database/database.ts';
import { Problem } from '#schemas/problem.ts';
import { CredentialsRefused, ProviderUnavailable } from '#schemas/problems.ts';
import type { CredentialRow } from './credential-row.ts';
import type { CredentialStore } from './credential-store.ts';
import type { OnError } from './credential-versions.ts';
import type { Refresh } from './refresh.ts';
import { ended, problemOfRefresh, refusal, withoutTokens } from './refresh-failure.ts';
import { type Failure, RefreshLog } from './refresh-log.ts';
import { isFailed } from './token-state.ts';

export interface RefresherOptions {
  readonly database: Database;
  readonly store: CredentialStore;
  readonly refresh: Refresh;
  /**
   * Somebody has to authenticate again. Called once the reason is stored, by the process that stored it, and
   * once more by the scheduled task while the connection is still active: it must take it out of that.
   */
  readonly onPermanentFailure: (
    connectionId: string,
    code: string,
    detail: string,
  ) => Promise<void> | void;
  /** New tokens are stored. */
  readonly onRefreshed?: ((connectionId: string) => Promise<void> | void) | undefined;
  readonly onError: OnError;
  /** How long a refresh may take, beyond the limits of what makes it. Default 15,000 ms. */
  readonly timeoutMs?: number;
  /** Waits before storing new tokens is tried again. Default 100, 400 and 1,600 ms. */
  readonly storeRetriesMs?: readonly number[];
}

/** What came of it. The row tells the rest. */
export type RefreshOutcome =
  | { readonly done: true }
  /** There is nothing to refresh it by. */
  | { readonly done: false; readonly error?: undefined }
  | { readonly done: false; readonly error: unknown };

const DONE: RefreshOutcome = { done: true };
/** Every so many refreshes also versions are destroyed that a process which ended has left. */
const SWEEP_EVERY = 20;

/** Refreshes one credential. Runs under its lease, and is right also when the lease is lost. */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #log: RefreshLog;
  /** New tokens that could not be stored: the only copy there is. */
  readonly #unstored = new Map<string, { readonly version: number; readonly next: Credential }>();
  readonly #tidying = new Set<Promise<void>>();

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#log = new RefreshLog(options.database);
  }

  /** True when this process has tokens that replace the version and only need to be stored. */
  holdsFor(connectionId: string, version: number): boolean {
    return this.#unstored.get(connectionId)?.version === version;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#tidying);
  }

  /** Replaces a version, unless that has been done meanwhile. */
  async replace(connectionId: string, version: number): Promise<RefreshOutcome> {
    const { store } = this.#options;
    const { row, credential } = await store.read(connectionId);
    if (row.version !== version || isFailed(row)) return DONE;
    if (!this.holdsFor(connectionId, version) && row.retryAt && row.retryAt > row.now) return DONE;
    if (row.refreshStartedAt && (await this.#adopt(row))) return DONE;
    if (row.kind === 'api_key') return { done: false };
    if (row.kind === 'oauth2' && credential.refreshToken === undefined) {
      if (row.expiresAt === null || row.expiresAt > row.now) return { done: false };
      await this.#fail(row, ended(row.expiresAt));
      return DONE;
    }
    const held = this.#unstored.get(connectionId);
    if (held?.version === version) return this.#store(row, held.next);
    this.#unstored.delete(connectionId);
    return this.#ask(row, credential);
  }

  async #ask(row: CredentialRow, credential: Credential): Promise<RefreshOutcome> {
    if (!(await this.#log.begin(row))) return DONE;
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? 15_000);
    let next: Credential;
    try {
      next = await this.#options.refresh(row.connection, credential, signal);
    } catch (error) {
      return this.#failed(row, credential, error);
    }
    // Most providers give a refresh token once and keep it.
    const refreshToken = next.refreshToken ?? credential.refreshToken;
    return this.#store(row, { ...next, refreshToken });
  }

  async #failed(
    row: CredentialRow,
    credential: Credential,
    error: unknown,
  ): Promise<RefreshOutcome> {
    const { onError } = this.#options;
    if (error instanceof CredentialsRefused) {
      // A process that lost its lease may have been given new tokens by the same refresh token.
      if (row.refreshStartedAt && (await this.#adopt(row))) return DONE;
      await this.#fail(row, refusal(row, withoutTokens(error.message, credential)));
      return DONE;
    }
    const problem = problemOfRefresh(error, credential);
    if (!(error instanceof Problem)) {
      onError(`The token of connection ${row.connectionId} was not refreshed.`, problem.cause);
    }
    await this.#log.delay(row, {
      code: problem.code,
      detail: problem.message,
      retryAfterSeconds: problem.retryAfterSeconds,
      answered: error instanceof ProviderUnavailable && error.cause === undefined,
    });
    return { done: false, error: problem };
  }

  /** Stores new tokens, then lets everybody use them, then destroys the old ones. */
  async #store(row: CredentialRow, next: Credential): Promise<RefreshOutcome> {
    let version: number;
    try {
      version = await this.#addVersion(row, next);
    } catch (error) {
      this.#unstored.set(row.connectionId, { version: row.version, next });
      const detail = 'The provider gave new tokens, which could not be stored yet.';
      const code = error instanceof Problem ? error.code : 'secrets_unavailable';
      await this.#log.delay(row, { code, detail, answered: false });
      return { done: false, error };
    }
    // From here on whoever comes next finds the version, also when this fails.
    this.#unstored.delete(row.connectionId);
    await this.#pin(row, version, next);
    return DONE;
  }

  async #addVersion(row: CredentialRow, next: Credential): Promise<number> {
    const { store, storeRetriesMs = [100, 400, 1_600] } = this.#options;
    for (const waitMs of storeRetriesMs) {
      try {
        return await store.versions.add(row.secretRef, next, row.version);
      } catch (error) {
        this.#options.onError(
          `New tokens of connection ${row.connectionId} could not be stored; it is tried again.`,
          error,
        );
        await delay(waitMs);
      }
    }
    return store.versions.add(row.secretRef, next, row.version);
  }

  /** Takes tokens into use that a process stored and, as it ended, did not pin. */
  async #adopt(row: CredentialRow): Promise<boolean> {
    const found = await this.#options.store.versions.findReplacing(row.secretRef, row.version);
    if (!found) return false;
    await this.#pin(row, found.version, found.credential);
    return true;
  }

  async #pin(row: CredentialRow, version: number, next: Credential): Promise<void> {
    const { store, onRefreshed, onError } = this.#options;
    const refreshCount = await store.pinRefreshed(row, version, next);
    if (refreshCount === undefined) {
      // Somebody authenticated, or another process was first; that may have been with this very version.
      const current = await store.row(row.connectionId);
      if (current?.version !== version) await store.versions.destroy(row.secretRef, version);
      return;
    }
    const { versions } = store;
    const swept = row.refreshStartedAt !== null || refreshCount % SWEEP_EVERY === 0;
    this.#later(
      swept
        ? versions.destroyBefore(row.secretRef, version)
        : versions.destroy(row.secretRef, row.version),
    );
    try {
      await onRefreshed?.(row.connectionId);
    } catch (error) {
      onError(`What follows a refresh of connection ${row.connectionId} failed.`, error);
    }
  }

  async #fail(row: CredentialRow, failure: Failure): Promise<void> {
    if (!(await this.#log.fail(row, failure))) return;
    const { onPermanentFailure, onError } = this.#options;
    try {
      await onPermanentFailure(row.connectionId, failure.code, failure.detail);
    } catch (error) {
      onError(`The failed connection ${row.connectionId} could not be marked.`, error);
    }
  }

  /** Nobody waits for it. */
  #later(work: Promise<void>): void {
    this.#tidying.add(work);
    void work.finally(() => this.#tidying.delete(work));
  }
}
