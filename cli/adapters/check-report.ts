import type { SkippedItem } from '#adapters/kit/adapter.ts';
import type { Fault } from '#schemas/problem.ts';
import type { SchemeFinding } from './explain-scheme.ts';

/** What a definition makes of a request. Holds neither secrets nor signatures of our own. */
export interface CheckReport {
  readonly ok: boolean;
  readonly title: string | null;
  /** Faults of the definition; with any, nothing else was looked at. */
  readonly faults: readonly Fault[];
  readonly checked?: Checked;
}

export interface Checked {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: number;
    readonly body_bytes: number;
    readonly received_at: string;
    readonly remote_address: string | null;
  };
  readonly notes: readonly string[];
  readonly verification: {
    readonly verified: boolean;
    readonly reason?: string;
    readonly require: 'any' | 'all';
    /** Whether the list of addresses allows the sender; null where there is none. */
    readonly address_allowed: boolean | null;
    /** The handshake the request is, or null. */
    readonly handshake: number | null;
    /** For each handshake, the part of it that the request does not match; null where it matches. */
    readonly handshakes: readonly (string | null)[];
    readonly schemes: readonly SchemeFinding[];
  };
  readonly extraction: Extraction;
}

export interface Extraction {
  /** True where the request is not verified: none of this would happen. */
  readonly hypothetical: boolean;
  readonly problem?: { readonly code: string; readonly detail: string };
  readonly events: readonly CheckedEvent[];
  readonly skipped: readonly SkippedItem[];
  readonly answer?: {
    readonly status: number;
    readonly content_type: string;
    readonly body: string;
  };
}

export interface CheckedEvent {
  readonly event_type: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly occurred_at: string;
  readonly actor: string | null;
  readonly dedupe_key: string;
  readonly payload: Readonly<Record<string, unknown>>;
}
