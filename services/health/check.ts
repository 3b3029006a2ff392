import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Account, CallProvider } from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { ProviderUnavailable, ShuttingDown } from '#schemas/problems.ts';
import type { Connection } from '../connections/connection.ts';
import { CircuitOpen } from './circuits.ts';
import { loggableText } from './loggable.ts';

export const CHECK_OUTCOMES = ['ok', 'failed', 'not_checkable', 'skipped'] as const;

/** What a check needs to know of its connection. */
export type CheckTarget = Pick<Connection, 'id' | 'tenantId' | 'orgId' | 'provider' | 'settings'>;

/**
 * Makes the cheapest authenticated call that the provider has. It does not ask the circuit: who checks does.
 *
 * @param signal aborts when the time is up, or the process stops
 * @returns undefined when there is nothing to check by: no API, or no credentials for it
 */
export type CheckConnection = (
  connection: CheckTarget,
  signal: AbortSignal,
) => Promise<Account | undefined>;

export type CheckResult =
  | { readonly outcome: 'ok'; readonly durationMs: number; readonly account: Account }
  | {
      readonly outcome: 'failed';
      readonly durationMs: number;
      readonly code: string;
      readonly detail: string;
      readonly error: unknown;
    }
  | { readonly outcome: 'not_checkable' }
  /** Nothing was found out: something of ours is away, or another check is under way. */
  | { readonly outcome: 'skipped'; readonly code: string; readonly detail: string };

export interface CheckByApiOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  /** The provider's API with the connection's credentials, without its circuit; undefined where it has none. */
  readonly callProvider: (
    connection: CheckTarget,
    signal: AbortSignal,
  ) => Promise<CallProvider | undefined>;
}

/** A check by the API of the connection's adapter. */
export function checkByApi({ adapters, callProvider }: CheckByApiOptions): CheckConnection {
  return async (connection, signal) => {
    const adapter = adapters.get(connection.provider);
    if (!adapter?.api) return undefined;
    const settings = adapter.settingsSchema.parse(connection.settings);
    if (adapter.api.available?.(settings) === false) return undefined;
    const call = await callProvider(connection, signal);
    return call && adapter.api.health(call, settings);
  };
}

/**
 * Makes one check, which ends when the time is up or the process stops. Never fails.
 *
 * @param stop aborts when the process stops
 */
export async function runCheck(
  check: CheckConnection,
  connection: CheckTarget,
  { timeoutMs, stop }: { readonly timeoutMs: number; readonly stop: AbortSignal },
): Promise<CheckResult> {
  const startedMs = performance.now();
  const ended = new AbortController();
  const { promise: cutShort, reject } = Promise.withResolvers<never>();
  const end = (reason: Problem) => {
    reject(reason);
    ended.abort(reason);
  };
  const late = new ProviderUnavailable(
    `The provider did not answer within ${timeoutMs / 1_000} s.`,
  );
  const timer = setTimeout(() => end(late), timeoutMs);
  const stopped = () => end(new ShuttingDown('The process that made the check stops.'));
  stop.addEventListener('abort', stopped);
  const durationMs = () => Math.round(performance.now() - startedMs);
  try {
    const account = await Promise.race([check(connection, ended.signal), cutShort]);
    return account
      ? { outcome: 'ok', durationMs: durationMs(), account }
      : { outcome: 'not_checkable' };
  } catch (error) {
    return resultOf(error, durationMs());
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', stopped);
  }
}

function resultOf(error: unknown, durationMs: number): CheckResult {
  if (!(error instanceof Problem)) {
    // Not its message, which may quote what the provider sent.
    const detail = 'The check itself has a fault. The log of the server holds it.';
    return { outcome: 'failed', durationMs, code: 'check_broken', detail, error };
  }
  const { code } = error;
  const detail = loggableText(error.message);
  const isOurs =
    error instanceof CircuitOpen ||
    (error.kind.next === 'retry_later' && !(error instanceof ProviderUnavailable));
  if (isOurs) return { outcome: 'skipped', code, detail };
  return { outcome: 'failed', durationMs, code, detail, error };
}
