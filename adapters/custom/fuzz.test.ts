import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Problem } from '#schemas/problem.ts';
import { customAdapter } from './adapter.ts';
import { loadDefinition, loadSigned, requestWith, signedRequest } from './fixtures.ts';

/** Vectors of schemes that sign all of the body. */
const signing = loadSigned().filter(
  ({ coversBody, request }) => coversBody && request.body.length > 0,
);

/** Changes exactly one byte of a buffer, at any place, to any other value. */
function flipByte(bytes: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = at % copy.length;
  copy[index] = ((copy[index] ?? 0) + 1 + (by % 255)) % 256;
  return copy;
}

describe('a mutation of a signed request is never verified', () => {
  it.each(signing)('$name', ({ settings, secrets, request: original }) => {
    const bound = customAdapter.bind(settings);
    const change = fc.oneof(
      fc.tuple(fc.nat(), fc.nat()).map(([at, by]): WebhookRequest => {
        return { ...original, body: flipByte(original.body, at, by) };
      }),
      fc.nat().map((length): WebhookRequest => {
        return { ...original, body: original.body.subarray(0, length % original.body.length) };
      }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((added): WebhookRequest => {
        return { ...original, body: Buffer.concat([original.body, added]) };
      }),
    );
    fc.assert(
      fc.property(change, (mutated) => bound.verify(mutated, secrets).verified === false),
      { numRuns: 60 },
    );
  });
});

/** Names of the headers with a signature, and of those the signed content holds. */
const headers: readonly [vector: string, signature: string, signed: readonly string[]][] = [
  ['hubspot v3', 'x-hubspot-signature-v3', ['x-hubspot-request-timestamp']],
  ['zenoti, its published shape', 'zenoti-webhook-signature', []],
  ['standard webhooks', 'webhook-signature', ['webhook-id', 'webhook-timestamp']],
  ['ed25519', 'x-signature-ed25519', ['x-signature-timestamp']],
  ['digest', 'x-hubspot-signature', []],
  ['token and signature, both required', 'x-signature', ['x-event']],
];

describe('a mutation of a header that counts is never verified', () => {
  it.each(headers)('%s', (name, signature, signed) => {
    const { settings, secrets, request: original } = signedRequest(name);
    const bound = customAdapter.bind(settings);
    const verifies = (header: string, value: string) => {
      const changed = { ...original, headers: { ...original.headers, [header]: value } };
      return bound.verify(changed, secrets).verified;
    };
    const sent = String(original.headers[signature]);
    expect(verifies(signature, sent)).toBe(true);
    const character = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz+/=-, ');
    fc.assert(
      fc.property(fc.nat(sent.length - 1), character, (at, put) => {
        // Hex and prefixes are read in any case: another case is the same signature.
        fc.pre(sent[at]?.toLowerCase() !== put && !(sent[at] === ' ' || put === ' '));
        expect(verifies(signature, `${sent.slice(0, at)}${put}${sent.slice(at + 1)}`)).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom('', ...signed), fc.string(), (header, value) => {
        fc.pre(header !== '' && value !== original.headers[header]);
        expect(verifies(header, value)).toBe(false);
      }),
      { maxSkipsPerRun: 1000, numRuns: signed.length === 0 ? 0 : 50 },
    );
  });
});

describe('no request throws anything but a Problem', () => {
  const names = [
    'hubspot-v3',
    'form',
    'ed25519',
    'ecdsa',
    'jwt-es256',
    'body-signature',
    'both',
    'challenges',
    'put',
    'addresses',
  ];
  it.each(names)('%s', (name) => {
    const definition = loadDefinition(name);
    const bound = customAdapter.bind({ definition });
    const vector = loadSigned().find(
      ({ settings }) => settings.definition.title === definition.title,
    );
    const headerNames = [...Object.keys(vector?.request.headers ?? {}), 'x-other'];
    const text = fc.oneof(fc.string(), fc.base64String(), fc.constant('Bearer a.b.c'));
    const request = fc.record({
      body: fc.oneof(
        fc.json().map((json) => Buffer.from(json)),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.constant(Buffer.from('[{"__proto__":{"a":1},"subscriptionType":"__proto__"}]')),
      ),
      headers: fc.dictionary(fc.constantFrom(...headerNames), text),
      query: fc.string(),
    });
    fc.assert(
      fc.property(request, ({ body, headers, query }) => {
        const url = `https://hooks.example.com/webhooks/custom/c1?${query}`;
        const sent = { ...requestWith(''), body, headers, url };
        expect(bound.verify(sent, vector?.secrets ?? []).verified).toBe(false);
        try {
          bound.webhook(sent);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
      { numRuns: 150 },
    );
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false);
  });
});
