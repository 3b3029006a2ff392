import { readFileSync } from 'node:fs';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { complete, readVectors, type SignatureVectors } from '#adapters/kit/conformance/vectors.ts';
import type { CustomSettings } from './settings.ts';

export type Json = Record<string, unknown>;

/** A request that verifies, with what it verifies by. */
export interface SignedRequest {
  readonly name: string;
  readonly settings: CustomSettings;
  readonly secrets: readonly string[];
  readonly request: WebhookRequest;
  readonly coversBody: boolean;
}

export function loadDefinition(name: string): Json {
  return load(`definitions/${name}.json`) as Json;
}

export function load(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${path}`, import.meta.url), 'utf8'));
}

/** The accepted vectors; tests/adapters/signatures.test.ts checks each for itself. */
export function loadSigned(): SignedRequest[] {
  const vectors = readVectors<SignatureVectors>('custom', 'signatures.json');
  return vectors.accepted.map((vector) => {
    const { request, secrets, settings, covers } = complete('custom', vectors, vector);
    return {
      name: vector.name,
      settings: settings as CustomSettings,
      secrets,
      request,
      coversBody: covers.body ?? false,
    };
  });
}

/** @throws Error when there is no accepted vector of that name */
export function signedRequest(name: string): SignedRequest {
  const found = loadSigned().find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no accepted vector ${name}.`);
  return found;
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
