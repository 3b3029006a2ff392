import { isDeepStrictEqual } from 'node:util';
import type { Adapter, BoundAdapter, WebhookRequest } from '#adapters/kit/adapter.ts';
import {
  type Coverage,
  complete,
  type EventVector,
  readVectors,
  type SignatureVectors,
} from '#adapters/kit/conformance/vectors.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { Problem } from '#schemas/problem.ts';
import { acceptedSpan, type Span } from './accepted-span.ts';

/** A request the fuzz starts from, and what is known of it. */
export interface Source {
  readonly name: string;
  /** A request of the signature vectors, a sample, or a body of the event vectors, unsigned. */
  readonly kind: 'signed' | 'sample' | 'event';
  readonly bound: BoundAdapter;
  /** Sources of one key are of one connection. */
  readonly settingsKey: string;
  readonly request: WebhookRequest;
  readonly secrets: readonly string[];
  /** Whether the adapter verifies it as it is. */
  readonly verified: boolean;
  /** Undefined where nobody says what the signature covers. */
  readonly covers: Coverage | undefined;
  /** The times of receipt at which it is verified. */
  readonly span: Span;
  /** The body as parsed JSON; undefined when it is none. */
  readonly json: unknown;
}

const RECEIVED_AT_MS = Date.UTC(2026, 0, 31, 12);
const SECRET = 'fuzz-secret-of-32-characters-xxx';

/** Everything an adapter has to start from: accepted signatures, bodies of events, samples. */
export function sourcesOf(adapter: Adapter): readonly Source[] {
  const bind = boundOnce(adapter);
  const signatures = readVectors<SignatureVectors>(adapter.provider, 'signatures.json');
  const accepted = signatures.accepted.map((vector) => {
    const { request, secrets, settings, covers } = complete(adapter.provider, signatures, vector);
    const name = `accepted: ${vector.name}`;
    return { kind: 'signed', name, settings, request, secrets, covers } as const;
  });
  const samples = accepted
    .filter(({ settings }, index) => isFirst(accepted, settings, index))
    .flatMap(({ settings, secrets }) => samplesOf(adapter, settings, secrets[0] ?? SECRET));
  return [...accepted, ...samples, ...eventBodies(adapter)].map((raw) => {
    const { bound, settingsKey } = bind(raw.settings);
    const { verified } = bound.verify(raw.request, raw.secrets);
    const span = acceptedSpan(bound, raw.request, raw.secrets);
    return { ...raw, bound, settingsKey, verified, span, json: jsonOf(raw.request.body) };
  });
}

type RawSource = Pick<Source, 'kind' | 'name' | 'request' | 'secrets' | 'covers'> & {
  readonly settings: unknown;
};

function eventBodies(adapter: Adapter): RawSource[] {
  const vectors = readVectors<readonly EventVector[]>(adapter.provider, 'canonical.json');
  return vectors.flatMap(({ name, settings = {}, before = [], body, ...vector }) => {
    const { method = 'POST', headers = {}, url_tail = '' } = vector;
    const url = forgedAddress(adapter, url_tail);
    return [...before, body].map((one) => ({
      kind: 'event' as const,
      name: `event: ${name}`,
      settings,
      request: {
        method,
        url,
        headers,
        body: Buffer.from(typeof one === 'string' ? one : JSON.stringify(one)),
        receivedAtMs: RECEIVED_AT_MS,
      },
      secrets: [SECRET],
      covers: undefined,
    }));
  });
}

function samplesOf(adapter: Adapter, settings: unknown, secret: string): RawSource[] {
  const parsed = adapter.settingsSchema.parse(settings);
  const url = addressOf(adapter);
  const shared = { settings: parsed, secret, url, nowMs: RECEIVED_AT_MS, sequence: 1 };
  return adapter.samples.flatMap((name) => {
    try {
      const request = adapter.sample({ ...shared, name });
      const known = { settings, request, secrets: [secret], covers: undefined };
      return [{ kind: 'sample', name: `sample: ${name}`, ...known }];
    } catch (error) {
      // Nobody can sign with a public key.
      if (error instanceof Problem) return [];
      throw error;
    }
  });
}

function addressOf({ provider }: Adapter): string {
  return `https://hooks.example.com/webhooks/${provider}/con_1`;
}

/** Where the URL holds a secret, one of somebody else: nothing that goes there is genuine. */
function forgedAddress(adapter: Adapter, tail: string): string {
  const url = addressOf(adapter) + tail;
  return adapter.secretPath ? withPathSecret(url, `not-${SECRET}`) : url;
}

/** Compiling settings takes longer than checking a request by them. */
function boundOnce(adapter: Adapter) {
  const cache = new Map<string, BoundAdapter>();
  return (settings: unknown) => {
    const settingsKey = JSON.stringify(settings);
    const bound = cache.get(settingsKey) ?? adapter.bind(adapter.settingsSchema.parse(settings));
    cache.set(settingsKey, bound);
    return { bound, settingsKey };
  };
}

function isFirst(all: readonly { settings: unknown }[], settings: unknown, index: number): boolean {
  return all.findIndex((one) => isDeepStrictEqual(one.settings, settings)) === index;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
