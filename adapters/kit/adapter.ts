import type { z } from 'zod';
import type { Problem } from '#schemas/problem.ts';
import type { CredentialKind, ProviderApi } from './provider-api.ts';
import type { Resolve } from './resolution.ts';
import type { ProviderSandbox } from './sandbox/contract.ts';

/** A webhook request as it came in: nothing is decoded, nothing is trusted. */
export interface WebhookRequest {
  readonly method: string;
  /** The URL the sender addressed: the configured public origin, then path and query as received. */
  readonly url: string;
  /** Header names in lower case. A header sent several times is an array or joined by Node. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly receivedAtMs: number;
  /** Address of the sender, as far as proxies tell; for adapters that keep lists of addresses. */
  readonly remoteAddress?: string;
}

/** Methods a webhook can come by. */
export type WebhookMethod = 'GET' | 'POST' | 'PUT' | 'PATCH';

/** Why a request is not verified. Goes to the request log only, never to the sender. */
export type RefusalReason =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_mismatch'
  | 'timestamp_missing'
  | 'timestamp_malformed'
  | 'timestamp_stale'
  | 'timestamp_in_future'
  | 'scheme_not_allowed'
  | 'address_not_allowed'
  | 'secret_missing'
  | 'path_secret_missing'
  | 'path_secret_mismatch'
  | 'organization_mismatch'
  | 'channel_unknown'
  | 'channel_expired'
  | 'body_unreadable';

export type Verdict =
  | { readonly verified: true }
  | { readonly verified: false; readonly reason: RefusalReason };

/** One change, before the platform adds ids, tenant and times of receipt. */
export interface EventDraft {
  /**
   * "entity.verb". The verb `observed` is for changes whose true verb depends on what was known
   * before: they are resolved before other consumers see them.
   */
  readonly eventType: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly occurredAtMs: number;
  readonly actor: string | null;
  /** The provider's facts; every decimal is a string (`parseExact` sees to it). */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Makes the change unique within its connection; the same for every retry of it. */
  readonly dedupeKey: string;
}

/** An item of a verified batch that is no event, kept in the request log with its reason. */
export interface SkippedItem {
  /** JSON Pointer into the body. */
  readonly pointer: string;
  /** Stable word for the reason: `unknown_type`, `invalid_item`… */
  readonly reason: string;
  readonly detail: string;
}

/** The answer the provider expects. Without one, 200 with a JSON body of counts is sent. */
export interface WebhookAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface WebhookResult {
  readonly drafts: readonly EventDraft[];
  readonly skipped: readonly SkippedItem[];
  readonly answer?: WebhookAnswer;
}

/** An adapter bound to one connection's settings. Both functions are pure: no I/O, no clock. */
export interface BoundAdapter {
  /**
   * Decides whether the request comes from the provider. Reads raw bytes only and compares in
   * constant time.
   *
   * @param secrets all active secrets, newest first: during a rotation either verifies
   */
  verify(request: WebhookRequest, secrets: readonly string[]): Verdict;

  /**
   * Turns a verified request into event drafts, in the order of the body.
   *
   * @param secrets as for `verify`; for handshakes that are answered with a signature
   * @throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing of the body can be used
   */
  webhook(request: WebhookRequest, secrets?: readonly string[]): WebhookResult;

  /** Turns an observation into the events it amounts to. Adapters that make none have none. */
  readonly resolve?: Resolve;

  /**
   * The answer to a verified request that was not accepted, where the provider expects a form of its
   * own. Without one, the problem is answered as such.
   */
  refusal?(request: WebhookRequest, problem: Problem): WebhookAnswer | undefined;
}

export interface Adapter<Settings = unknown> {
  /** Name in URLs and rows: lower case, letters, digits and hyphens. */
  readonly provider: string;
  readonly title: string;
  /** Every event type consumers can get from the adapter. '*' means any. */
  readonly eventTypes: readonly string[];
  /** Event types that only polling can make: no webhook tells of them. */
  readonly polledEventTypes?: readonly string[];
  /** Every reason an item can be skipped for; docs/errors.md explains them. */
  readonly skipReasons: readonly string[];
  /** Methods the provider sends by. Default POST. */
  readonly methods?: readonly WebhookMethod[];
  /** True when the webhook URL of a connection ends in a secret segment (`pathSecret`). */
  readonly secretPath?: boolean;
  /**
   * Who makes the secret of a connection. One of `tributary` is generated when none is given, and
   * shown that once. Default `provider`.
   */
  readonly secretMadeBy?: 'provider' | 'tributary';
  /** What keeps a text from being the secret of such a connection, as a sentence; undefined when nothing. */
  secretFault?(secret: string, settings: Settings): string | undefined;
  /** What a connection of this provider can be set to. Parsing fills in the defaults. */
  readonly settingsSchema: z.ZodType<Settings>;
  /**
   * What a connection form asks for, by the kind of credential. A field that has the name of a setting is
   * that setting: it is kept there, and asked for here because the credential needs it.
   */
  readonly credentials?: Readonly<Partial<Record<CredentialKind, z.ZodObject>>>;
  /** How the provider's API is called. Absent where connections only receive. */
  readonly api?: ProviderApi<Settings>;
  /** Compiles settings once; the result is kept and used for every request. @throws InvalidSettings */
  bind(settings: Settings): BoundAdapter;
  /** A correctly signed sample request, for `tributary send` and tests. */
  sample(options: SampleOptions<Settings>): WebhookRequest;
  /** Names of the samples there are; the first is the default. */
  readonly samples: readonly string[];
  /** Loads a server that behaves as the provider documents; used by demo, development and tests. */
  readonly sandbox?: () => Promise<ProviderSandbox<Settings>>;
}

export interface SampleOptions<Settings> {
  /** One of `samples`. */
  readonly name: string;
  readonly settings: Settings;
  readonly secret: string;
  readonly url: string;
  readonly nowMs: number;
  /** Makes ids in the sample differ from call to call. */
  readonly sequence: number;
}
