import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { MAX_TOKEN_LENGTH } from '../definition.ts';
import { idText } from '../id.ts';
import type { ZohoChange } from './change-types.ts';

/** A watch channel as it is kept. */
export interface Channel {
  readonly id: string;
  readonly events: readonly string[];
  readonly expiresAtMs: number;
  readonly token: string | null;
  readonly notifyUrl: string;
  readonly statesValues: boolean;
}

/** Why a channel is not kept as asked for. */
export interface ChannelFault {
  readonly code: 'REQUIRED_PARAM_MISSING' | 'INVALID_DATA' | 'NOT_SUBSCRIBED' | 'DUPLICATE_DATA';
  readonly field: string;
}

const WEEK_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
const EVENT = /^(?:Contacts|Accounts|Deals)\.(?:create|edit|delete|all)$/;
/** What a subscription calls an operation, by what a notification does. */
const SUBSCRIBED = { insert: 'create', update: 'edit', delete: 'delete' } as const;

/**
 * The watch channels of an account. Source: Zoho CRM API v8, "Enable", "Update" and "Disable
 * notifications". That opening an open channel is refused is an assumption, on the careful side.
 */
export class Channels {
  readonly #nowMs: () => number;
  readonly #channels = new Map<string, Channel>();
  #used = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** True once a channel was opened: from then on, only channels are told of changes. */
  get used(): boolean {
    return this.#used;
  }

  /** Those that have not expired. */
  open(): readonly Channel[] {
    for (const [id, { expiresAtMs }] of this.#channels) {
      if (expiresAtMs <= this.#nowMs()) this.#channels.delete(id);
    }
    return [...this.#channels.values()];
  }

  /** The channel that is told of a change. */
  hearing({ module, operation }: ZohoChange): Channel | undefined {
    const named = new Set([`${module}.all`, `${module}.${SUBSCRIBED[operation]}`]);
    return this.open().find(({ events }) => events.some((event) => named.has(event)));
  }

  /** POST opens, PUT replaces, PATCH changes what is named and keeps the rest. */
  keep(method: 'POST' | 'PUT' | 'PATCH', wanted: unknown): Channel | ChannelFault {
    if (!isObject(wanted)) return { code: 'INVALID_DATA', field: 'watch' };
    const id = idText(wanted.channel_id);
    if (id === undefined) return fault(wanted, 'channel_id');
    const before = this.open().find((channel) => channel.id === id);
    if (method === 'POST' && before) return { code: 'DUPLICATE_DATA', field: 'channel_id' };
    if (method !== 'POST' && !before) return { code: 'NOT_SUBSCRIBED', field: 'channel_id' };
    const kept = this.#read(id, wanted, method === 'PATCH' ? before : undefined);
    if ('code' in kept) return kept;
    this.#channels.set(id, kept);
    this.#used = true;
    return kept;
  }

  /** @returns false when there is no such channel */
  close(id: string): boolean {
    this.open();
    return this.#channels.delete(id);
  }

  #read(
    id: string,
    wanted: Readonly<Record<string, unknown>>,
    before: Channel | undefined,
  ): Channel | ChannelFault {
    const { events = before?.events, token = before?.token ?? null } = wanted;
    const { notify_url: notifyUrl = before?.notifyUrl } = wanted;
    const { return_affected_field_values: statesValues = before?.statesValues ?? false } = wanted;
    if (!Array.isArray(events) || events.length === 0) return fault(wanted, 'events');
    if (!events.every((event) => EVENT.test(String(event)))) return fault(wanted, 'events');
    if (typeof notifyUrl !== 'string' || !URL.canParse(notifyUrl)) {
      return fault(wanted, 'notify_url');
    }
    if (token !== null && (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH)) {
      return fault(wanted, 'token');
    }
    return {
      id,
      events: events.map(String),
      expiresAtMs: this.#expiry(wanted.channel_expiry, before),
      token,
      notifyUrl,
      statesValues: statesValues === true,
    };
  }

  /** One that is missing or too far away becomes an hour, without a word. */
  #expiry(stated: unknown, before: Channel | undefined): number {
    if (stated === undefined && before) return before.expiresAtMs;
    const nowMs = this.#nowMs();
    const atMs = typeof stated === 'string' ? parseInstant(stated, 'iso8601') : undefined;
    const isGood = atMs !== undefined && atMs > nowMs && atMs <= nowMs + WEEK_MS;
    return isGood ? atMs : nowMs + HOUR_MS;
  }
}

function fault(wanted: Readonly<Record<string, unknown>>, field: string): ChannelFault {
  return { code: wanted[field] === undefined ? 'REQUIRED_PARAM_MISSING' : 'INVALID_DATA', field };
}
