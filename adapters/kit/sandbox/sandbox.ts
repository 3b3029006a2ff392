import { InvalidRequest } from '#schemas/problems.ts';
import { ApiSurface } from './api.ts';
import type { AccountOptions, Sandbox, SandboxAccount, SandboxOptions } from './contract.ts';
import { startControlServer } from './control.ts';
import { Delivery, type Flaws } from './delivery.ts';
import type { EmitOptions } from './emit-options.ts';
import { seededRandom, shuffled } from './random.ts';
import { emptyStats } from './stats.ts';
import { SandboxTokens } from './tokens.ts';

/** Most changes of one call. */
export const MAX_EMIT = 1_000_000;
const DEFAULT_DELAY_MS = 3_000;

/**
 * Starts a provider that lives on this machine: an account that changes when it is told to, and
 * real signed webhooks of each change.
 *
 * @param makeAccount the account of the provider, and how it delivers
 */
export async function startSandbox<Settings, Change>(
  makeAccount: (options: AccountOptions<Settings>) => SandboxAccount<Change>,
  options: SandboxOptions<Settings>,
): Promise<Sandbox> {
  const { targetUrl, secret, settings, seed = 1, nowMs = Date.now, timeScale = 1 } = options;
  const stats = emptyStats();
  // Two sequences: when answers come must not change what happens in the account.
  const account = makeAccount({ targetUrl, settings, random: seededRandom(seed), nowMs });
  const random = seededRandom(seed + 1);
  const delivery = new Delivery({
    account,
    policy: { ...account.policy, ...options.policy },
    secret,
    random,
    nowMs,
    timeScale,
    stats,
    ...(options.onAcknowledged && { onAcknowledged: options.onAcknowledged }),
  });

  function emit(count: number, { type, misbehave, delay_ms }: EmitOptions = {}): Change[] {
    if (!Number.isInteger(count) || count < 1 || count > MAX_EMIT) {
      throw new InvalidRequest(`The count must be an integer from 1 to ${MAX_EMIT}.`);
    }
    if (type !== undefined && !account.changeTypes.includes(type)) {
      throw new InvalidRequest(`The type is not one of: ${account.changeTypes.join(', ')}.`);
    }
    const changes =
      misbehave === 'huge_batch' && account.hugeChange
        ? [account.hugeChange(count)]
        : Array.from({ length: count }, () => account.change(type));
    stats.emitted += changes.length;
    const isHeard = (change: Change) => misbehave !== 'drop' && (account.isHeard?.(change) ?? true);
    const heard = changes.filter(isHeard);
    stats.dropped += changes.length - heard.length;
    if (heard.length === 0) return changes;
    const delayMs = delay_ms ?? DEFAULT_DELAY_MS;
    const flaws: Flaws = {
      badSignature: misbehave === 'bad_signature',
      late: misbehave === 'late',
      delayMs: misbehave === 'delay' ? delayMs : 0,
      bodyMs: misbehave === 'slow' ? delayMs / timeScale : 0,
      whole: misbehave === 'huge_batch',
    };
    delivery.send(misbehave === 'reorder' ? shuffled(heard, random) : heard, flaws);
    if (misbehave === 'duplicate') delivery.send(heard);
    return changes;
  }

  const activate = () => delivery.activate();
  const api = new ApiSurface(account.api, options.tokens ?? new SandboxTokens(nowMs));
  const control = await startControlServer(options.controlPort ?? 0, {
    changeTypes: account.changeTypes,
    emit: (count, emitOptions) => emit(count, emitOptions).length,
    stats: () => ({ ...stats }),
    records: () => account.records(),
    activate,
    api,
  });
  return {
    controlUrl: control.url,
    apiUrl: control.url,
    api,
    changeTypes: account.changeTypes,
    emit,
    stats: () => ({ ...stats }),
    idle: () => delivery.idle(),
    activate,
    close: async () => {
      await control.close();
      await delivery.close();
    },
  };
}
