import type { WebhookRequest } from '../adapter.ts';
import type { ApiSurface, SandboxApi } from './api.ts';
import type { EmitOptions } from './emit-options.ts';
import type { Random } from './random.ts';
import type { SandboxStats } from './stats.ts';
import type { SandboxTokens } from './tokens.ts';

/** A request as it goes out: method, URL, headers and body, signed. */
export type OutgoingRequest = Omit<WebhookRequest, 'receivedAtMs' | 'headers' | 'remoteAddress'> & {
  readonly headers: Readonly<Record<string, string>>;
};

/** A change and how often it was sent before. */
export interface Attempted<Change> {
  readonly change: Change;
  /** 0 the first time. */
  readonly attempt: number;
}

/** How a provider delivers, as it documents. */
export interface DeliveryPolicy {
  /** Most changes of one request. */
  readonly maxBatch: number;
  /** Requests under way at once. */
  readonly maxConcurrentRequests: number;
  /** How long it waits for the answer. */
  readonly timeoutMs: number;
  /**
   * How long it waits before it sends again what failed.
   *
   * @param retry 1 for the first
   * @returns undefined when it gives up
   */
  retryDelayMs(retry: number, random: Random): number | undefined;
  /** True when changes that failed together may come back apart. */
  readonly regroups: boolean;
  /** So many requests in a row that failed end all sending, until the webhook is activated again. */
  readonly deactivateAfterFailures?: number;
}

/** What a sandbox signs with. */
export interface Signing {
  readonly secret: string;
  /** The time the request states. */
  readonly nowMs: number;
}

/** One provider, as the sandbox kit sees it: an account that changes, and how it tells of changes. */
export interface SandboxAccount<Change> {
  /** Kinds of changes there are. */
  readonly changeTypes: readonly string[];
  readonly policy: DeliveryPolicy;
  /**
   * Makes one change in the account.
   *
   * @param type one of changeTypes; by default a random one
   */
  change(type?: string): Change;
  /** One change that is as large as `count` ones, where the provider has no batches. */
  hugeChange?(count: number): Change;
  /** The signed request that carries the changes. */
  request(changes: readonly Attempted<Change>[], signing: Signing): OutgoingRequest;
  /** Whether an answer to the request is an acknowledgement. Default: any 2xx. */
  acknowledges?(status: number, body: string, request: OutgoingRequest): boolean;
  /** What the account holds now, for whoever wants to compare. */
  records(): unknown;
  /** False when nobody is to be told of the change: it is dropped. Default: everybody is told. */
  isHeard?(change: Change): boolean;
  /** Its authenticated API. */
  readonly api?: SandboxApi;
}

/** What an account is made with. */
export interface AccountOptions<Settings> {
  /** Where webhooks go, without a secret path segment. */
  readonly targetUrl: string;
  readonly settings: Settings;
  readonly random: Random;
  readonly nowMs: () => number;
}

export interface SandboxOptions<Settings> {
  /** Where webhooks go, without a secret path segment. */
  readonly targetUrl: string;
  /** The secret of the connection. */
  readonly secret: string;
  /** The settings of the connection. */
  readonly settings: Settings;
  /** The same seed makes the same changes. Default 1. */
  readonly seed?: number;
  /** Divides the provider's delays: 86,400 turns a day into a second. Default 1. */
  readonly timeScale?: number;
  /** Port of the control surface on 127.0.0.1. Default 0, any free one. */
  readonly controlPort?: number;
  readonly nowMs?: () => number;
  /** The tokens its API takes. By default a list of its own, with none in it. */
  readonly tokens?: SandboxTokens;
  /** Departures from how the provider delivers. */
  readonly policy?: Partial<DeliveryPolicy>;
  /** Told of each request that was acknowledged. */
  readonly onAcknowledged?: (request: OutgoingRequest) => void;
}

export interface Sandbox {
  /** Base address of the control surface. */
  readonly controlUrl: string;
  /** Base address of the provider's API. */
  readonly apiUrl: string;
  /** Its API from within: the tokens it takes, the calls it had, and faults to come. */
  readonly api: ApiSurface;
  readonly changeTypes: readonly string[];
  /**
   * Makes changes and sends them, without waiting for the answers.
   *
   * @returns the changes in the order in which they were made
   * @throws InvalidRequest for a count or type out of range
   */
  emit(count: number, options?: EmitOptions): readonly unknown[];
  stats(): SandboxStats;
  /** Resolves once nothing waits for an answer or a retry. */
  idle(): Promise<void>;
  /** Takes up sending again after the provider gave the webhook up. */
  activate(): void;
  close(): Promise<void>;
}

/** The sandbox of a provider. */
export interface ProviderSandbox<Settings> {
  /** Settings, as a user would write them, of a connection to the sandbox's account. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Starts the provider on this machine; it sends real webhooks. */
  start(options: SandboxOptions<Settings>): Promise<Sandbox>;
}
