import { readFileSync } from 'node:fs';
import type { RefusalReason, WebhookRequest } from '../adapter.ts';

/*
 * Vectors of one provider: `adapters/{provider}/vectors/signatures.json`. The format is described in
 * docs/verification.md, for other projects that check their own receivers by them.
 */

/** One request, and what a receiver must make of it. Fields left out are as in `defaults`. */
export interface SignatureVector {
  readonly name: string;
  readonly secrets?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Settings that stand in a file each, by name: paths inside the folder of the vectors. */
  readonly settings_files?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** UTF-8 text of the body. */
  readonly body?: string;
  /** Bytes that are not UTF-8; goes before `body`. */
  readonly body_base64?: string;
  /** Time of receipt, in milliseconds. */
  readonly received_at_ms?: number;
  /** Address of the sender. */
  readonly remote_address?: string;
}

export interface AcceptedVector extends SignatureVector {
  /** The parts whose every byte is covered: altering one must be refused. */
  readonly covers: Coverage;
}

export interface Coverage {
  readonly body?: boolean;
  readonly url?: boolean;
  /** Names of headers, in lower case. */
  readonly headers?: readonly string[];
  /** False for a secret whose text has bytes that do not count, such as the end of a PEM. */
  readonly secret?: boolean;
  /** Why nothing is covered. */
  readonly nothing?: string;
}

export interface RefusedVector extends SignatureVector {
  readonly reason: RefusalReason;
}

export interface SignatureVectors {
  /** Where the expected values come from. */
  readonly source: string;
  readonly defaults: Partial<Omit<AcceptedVector, 'name'>>;
  readonly accepted: readonly AcceptedVector[];
  readonly refused: readonly RefusedVector[];
}

/** A request body of a provider, and the events it must become. */
export interface EventVector {
  readonly name: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly method?: string;
  /** What follows the connection's id in the URL, such as `?event=…`. */
  readonly url_tail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as sent, so that numbers keep their spelling; or JSON where spelling does not matter. */
  readonly body: unknown;
  /** Bodies that came before, which the outcome depends on. */
  readonly before?: readonly unknown[];
  /** The events consumers get, in order: what is stated of each must be so. */
  readonly events: readonly ExpectedEvent[];
  /** Pointer and reason of each item that is no event. */
  readonly skipped?: readonly (readonly [pointer: string, reason: string])[];
}

export interface ExpectedEvent {
  readonly event_type: string;
  readonly entity_id: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly changed_fields?: readonly string[] | null;
  readonly occurred_at?: string;
  readonly actor?: string | null;
}

/** Reads a data file of an adapter's folder. */
export function readVectors<Vectors>(provider: string, file: string): Vectors {
  const url = new URL(`../../${provider}/vectors/${file}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Vectors;
}

/** A vector with the defaults filled in. */
export function complete(
  provider: string,
  { defaults }: SignatureVectors,
  vector: AcceptedVector | RefusedVector,
) {
  const full: Partial<AcceptedVector> = { ...defaults, ...vector };
  const { method = 'POST', headers = {}, body = '', body_base64, secrets = [] } = full;
  const request: WebhookRequest = {
    method,
    url: full.url ?? '',
    headers: headers as WebhookRequest['headers'],
    body: body_base64 === undefined ? Buffer.from(body) : Buffer.from(body_base64, 'base64'),
    receivedAtMs: full.received_at_ms ?? 0,
    ...(full.remote_address !== undefined && { remoteAddress: full.remote_address }),
  };
  const settings = { ...full.settings };
  for (const [name, file] of Object.entries(full.settings_files ?? {})) {
    settings[name] = readVectors(provider, file);
  }
  return { request, secrets, settings, covers: full.covers ?? {} };
}
