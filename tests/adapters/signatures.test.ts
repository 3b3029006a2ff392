// Every adapter against its vectors: `adapters/{provider}/vectors/signatures.json`. Real: the
// adapters and the hashes. Nothing is doubled; the clock is the vector's.
import { describe, expect, it } from 'vitest';
import type { Adapter, WebhookRequest } from '#adapters/kit/adapter.ts';
import {
  type AcceptedVector,
  type Coverage,
  complete,
  type RefusedVector,
  readVectors,
  type SignatureVectors,
} from '#adapters/kit/conformance/vectors.ts';
import { adaptersByProvider } from '#adapters/registry.ts';

const adapters = [...adaptersByProvider().values()];

describe.each(adapters)('$provider', (adapter) => {
  const vectors = readVectors<SignatureVectors>(adapter.provider, 'signatures.json');
  const bind = boundOnce(adapter);

  const judge = (vector: AcceptedVector | RefusedVector) => {
    const { request, secrets, settings } = complete(adapter.provider, vectors, vector);
    return bind(settings).verify(request, secrets);
  };

  it('has at least ten accepted and twenty refused vectors, and says where they come from', () => {
    expect(vectors.accepted.length).toBeGreaterThanOrEqual(10);
    expect(vectors.refused.length).toBeGreaterThanOrEqual(20);
    expect(vectors.source.length).toBeGreaterThan(20);
  });

  it.each(vectors.accepted)('accepts: $name', (vector) => {
    expect(judge(vector)).toStrictEqual({ verified: true });
  });

  it.each(vectors.refused)('refuses: $name', (vector) => {
    expect(judge(vector)).toStrictEqual({ verified: false, reason: vector.reason });
  });

  it.each(vectors.accepted)('accepts either secret during a rotation: $name', (vector) => {
    const { request, secrets, settings } = complete(adapter.provider, vectors, vector);
    const bound = bind(settings);
    if (secrets.length === 0) return;
    expect(bound.verify(request, ['another-secret', ...secrets]).verified).toBe(true);
    expect(bound.verify(request, [...secrets, 'another-secret']).verified).toBe(true);
  });

  it.each(vectors.accepted)('refuses every secret that differs in one byte: $name', (vector) => {
    const { request, secrets, settings, covers } = complete(adapter.provider, vectors, vector);
    if (covers.secret === false) return;
    const bound = bind(settings);
    for (const altered of secrets.length === 1 ? everyByteAltered(secrets[0] ?? '') : []) {
      expect(bound.verify(request, [altered]).verified, altered).toBe(false);
    }
    if (secrets.length > 0) expect(bound.verify(request, []).verified).toBe(false);
  });

  it.each(vectors.accepted)('refuses every byte altered of what is covered: $name', (vector) => {
    const { request, secrets, settings, covers } = complete(adapter.provider, vectors, vector);
    const bound = bind(settings);
    let altered = 0;
    for (const [what, changed] of alterations(request, covers)) {
      altered += 1;
      expect(bound.verify(changed, secrets).verified, what).toBe(false);
    }
    // A vector that covers nothing proves nothing, and has to say why.
    expect(altered > 0 || covers.nothing !== undefined).toBe(true);
  });
});

/** Compiling a definition takes longer than checking a request by it. */
function boundOnce(adapter: Adapter) {
  const bound = new Map<string, ReturnType<Adapter['bind']>>();
  return (settings: unknown) => {
    const key = JSON.stringify(settings);
    const one = bound.get(key) ?? adapter.bind(adapter.settingsSchema.parse(settings));
    bound.set(key, one);
    return one;
  };
}

function* alterations(
  request: WebhookRequest,
  covers: Coverage,
): Generator<[what: string, request: WebhookRequest]> {
  if (covers.body) {
    for (let index = 0; index < request.body.length; index += 1) {
      const body = Buffer.from(request.body);
      body[index] = (body[index] ?? 0) ^ 1;
      yield [`body, byte ${index}`, { ...request, body }];
    }
    yield ['body, one byte longer', { ...request, body: Buffer.concat([request.body, SPACE]) }];
    if (request.body.length > 0) yield ['body, empty', { ...request, body: Buffer.alloc(0) }];
  }
  if (covers.url) {
    for (const url of everyByteAltered(request.url)) yield [`url ${url}`, { ...request, url }];
  }
  for (const name of covers.headers ?? []) {
    const value = String(request.headers[name]);
    for (const altered of everyByteAltered(value)) {
      yield [
        `${name}: ${altered}`,
        { ...request, headers: { ...request.headers, [name]: altered } },
      ];
    }
    const { [name]: _gone, ...headers } = request.headers;
    yield [`without ${name}`, { ...request, headers }];
    const twice = { ...request.headers, [name]: [value, value] };
    yield [`${name} twice`, { ...request, headers: twice }];
  }
}

const SPACE = Buffer.from(' ');

/** Every text that differs in one character. Letters go to another letter, not to the other case. */
function* everyByteAltered(text: string): Generator<string> {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    yield text.slice(0, index) + String.fromCharCode(code ^ 1) + text.slice(index + 1);
  }
}
