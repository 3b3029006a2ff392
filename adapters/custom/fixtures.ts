import { readFileSync } from 'node:fs';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';

/** A request as the vector files spell it. */
export interface RequestVector {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  readonly receivedAtMs: number;
}

/** A request that verifies. Signatures were made by another implementation than ours. */
export interface AcceptedVector {
  readonly name: string;
  readonly definition: string;
  readonly secrets: readonly string[];
  readonly request: RequestVector;
}

/** An accepted request with changes that must refuse it. A header that is null is taken away. */
export interface RefusedVector {
  readonly name: string;
  readonly base: string;
  readonly change: Partial<Omit<RequestVector, 'headers'>> & {
    readonly headers?: Readonly<Record<string, string | string[] | null>>;
    readonly secrets?: readonly string[];
  };
  readonly reason: string;
}

export type Json = Record<string, unknown>;

export function loadDefinition(name: string): Json {
  return load(`definitions/${name}.json`) as Json;
}

export function loadAccepted(): AcceptedVector[] {
  return load('accepted.json') as AcceptedVector[];
}

export function loadRefused(): RefusedVector[] {
  return load('refused.json') as RefusedVector[];
}

export function load(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${path}`, import.meta.url), 'utf8'));
}

export function toRequest({ body, ...rest }: RequestVector): WebhookRequest {
  return { ...rest, body: Buffer.from(body) };
}

/** A request whose verification does not matter, for tests of extraction. */
export function requestWith(body: string, change: Partial<WebhookRequest> = {}): WebhookRequest {
  return {
    method: 'POST',
    url: 'https://hooks.example.com/webhooks/custom/c1',
    headers: {},
    body: Buffer.from(body),
    receivedAtMs: 1_700_000_000_000,
    ...change,
  };
}
