import { InvalidRequest } from '#schemas/problems.ts';
import { Account, type SandboxNotification } from './account.ts';
import { type ControlServer, startControlServer } from './control.ts';
import { Delivery } from './delivery.ts';
import type { EmitOptions } from './emit-options.ts';
import { seededRandom, shuffled } from './random.ts';
import { emptyStats, type SandboxStats } from './stats.ts';

export interface SandboxOptions {
  /** Where webhooks go. It is also what the signature covers. */
  readonly targetUrl: string;
  /** The app's client secret. */
  readonly secret: string;
  readonly portalId?: number;
  readonly appId?: number;
  /** The same seed makes the same changes. Default 1. */
  readonly seed?: number;
  /** Default 10, as at HubSpot. */
  readonly maxConcurrentRequests?: number;
  /** Default 5,000 ms, as at HubSpot. */
  readonly timeoutMs?: number;
  /** Default 10, as at HubSpot. */
  readonly maxRetries?: number;
  /** Default 24 hours, as at HubSpot. */
  readonly retryWindowMs?: number;
  /** Divides the retry delays: 86,400 turns the 24 hours into a second. Default 1. */
  readonly timeScale?: number;
  /** Port of the control surface on 127.0.0.1. Default 0, any free one. */
  readonly controlPort?: number;
  readonly nowMs?: () => number;
  /** Told of the notifications of each request that was answered 2xx. */
  readonly onAcknowledged?: (notifications: readonly SandboxNotification[]) => void;
}

/** Most changes of one call. */
export const MAX_EMIT = 1_000_000;

export interface HubspotSandbox {
  /** Base address of the control surface. */
  readonly controlUrl: string;
  /**
   * Makes changes and sends their notifications, without waiting for the answers.
   *
   * - `duplicate`: every request is sent twice.
   * - `reorder`: notifications are shuffled before they are cut into requests.
   * - `bad_signature`: signed with another secret, and never retried.
   * - `late`: the first attempt has a stale timestamp; retries are sound.
   * - `drop`: nothing is sent.
   *
   * @returns the notifications in the order of the changes
   * @throws InvalidRequest for a count or type out of range
   */
  emit(count: number, options?: EmitOptions): readonly SandboxNotification[];
  stats(): SandboxStats;
  /** Resolves once nothing waits for an answer or a retry. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** Starts a HubSpot that lives on this machine and sends real webhooks. */
export async function startHubspotSandbox(options: SandboxOptions): Promise<HubspotSandbox> {
  const { targetUrl, secret, seed = 1, nowMs = Date.now } = options;
  const stats = emptyStats();
  // Two sequences: when answers come must not change what happens in the account.
  const account = new Account({
    portalId: options.portalId ?? 62515,
    appId: options.appId ?? 1160452,
    random: seededRandom(seed),
    nowMs,
  });
  const random = seededRandom(seed + 1);
  const delivery = new Delivery(
    {
      targetUrl,
      secret,
      random,
      nowMs,
      maxConcurrentRequests: options.maxConcurrentRequests ?? 10,
      timeoutMs: options.timeoutMs ?? 5000,
      maxRetries: options.maxRetries ?? 10,
      retryWindowMs: options.retryWindowMs ?? DAY_MS,
      timeScale: options.timeScale ?? 1,
      ...(options.onAcknowledged ? { onAcknowledged: options.onAcknowledged } : {}),
    },
    stats,
  );

  function emit(count: number, { type, misbehave }: EmitOptions = {}) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_EMIT) {
      throw new InvalidRequest(`The count must be an integer from 1 to ${MAX_EMIT}.`);
    }
    const changes = Array.from({ length: count }, () => account.change(type));
    stats.emitted += count;
    switch (misbehave) {
      case 'drop':
        stats.dropped += count;
        break;
      case 'duplicate':
        delivery.send(changes);
        delivery.send(changes);
        break;
      case 'reorder':
        delivery.send(shuffled(changes, random));
        break;
      default:
        delivery.send(changes, misbehave);
    }
    return changes;
  }

  const control: ControlServer = await startControlServer(options.controlPort ?? 0, {
    emit: (count, emitOptions) => emit(count, emitOptions).length,
    stats: () => ({ ...stats }),
  });
  return {
    controlUrl: control.url,
    emit,
    stats: () => ({ ...stats }),
    idle: () => delivery.idle(),
    close: async () => {
      await control.close();
      await delivery.close();
    },
  };
}
