import { Signature } from '@hubspot/api-client';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { readVectors } from '#adapters/kit/conformance/vectors.ts';
import { settingsSchema } from './settings.ts';
import {
  SIGNATURE_V3_HEADER,
  signatureHeaders,
  signV1,
  signV2,
  signV3,
  TIMESTAMP_HEADER,
} from './sign.ts';
import { makeVerify, TOLERANCE_MS } from './verify.ts';

// Beside tests/adapters/signatures.test.ts, which runs the accepted and refused vectors. Real: the
// hashes, and HubSpot's own helper as the oracle. Nothing is doubled but its clock.

interface DocumentedVector {
  readonly name: string;
  readonly version: 'v1' | 'v2' | 'v3';
  readonly secret: string;
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly timestamp?: string;
  readonly signature: string;
}

const { documented } = readVectors<{ documented: readonly DocumentedVector[] }>(
  'hubspot',
  'signatures.json',
);

function ourSignature({ version, secret, method, url, body, timestamp = '' }: DocumentedVector) {
  const bytes = Buffer.from(body);
  if (version === 'v1') return signV1(secret, bytes).toString('hex');
  if (version === 'v2') return signV2(secret, method, url, bytes).toString('hex');
  return signV3(secret, method, url, bytes, timestamp).toString('base64');
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the documented vectors', () => {
  it.each(documented)('$name: ours, theirs and the document agree', (vector) => {
    const { version, method, url, secret, body, timestamp, signature } = vector;
    const theirs = Signature.getSignature(method, version, {
      clientSecret: secret,
      requestBody: body,
      signature: '',
      url,
      ...(timestamp === undefined ? {} : { timestamp: Number(timestamp) }),
    });
    expect(theirs).toBe(signature);
    expect(ourSignature(vector)).toBe(signature);
  });
});

const url = 'https://hooks.example.com/webhooks/hubspot/con_1?a=b';
const verify = makeVerify(settingsSchema.parse({ allow_signature_versions: ['v3', 'v2', 'v1'] }));

function signed(secret: string, body: Buffer, timestampMs: number): WebhookRequest {
  const headers = signatureHeaders(secret, url, body, timestampMs);
  return { method: 'POST', url, headers, body, receivedAtMs: timestampMs };
}

const secretText = fc.string({ unit: 'grapheme', minLength: 1 });
const timestamps = fc.integer({ min: 0, max: 4_102_444_800_000 });

describe('agreement with the official helper', () => {
  it('accepts what the helper signs', () => {
    fc.assert(
      fc.property(secretText, fc.string({ unit: 'grapheme' }), timestamps, (secret, body, at) => {
        const signature = Signature.getSignature('POST', 'v3', {
          clientSecret: secret,
          requestBody: body,
          signature: '',
          timestamp: at,
          url,
        });
        const headers = { [SIGNATURE_V3_HEADER]: signature, [TIMESTAMP_HEADER]: String(at) };
        const request = { method: 'POST', url, headers, body: Buffer.from(body), receivedAtMs: at };
        expect(verify(request, [secret])).toEqual({ verified: true });
      }),
    );
  });

  it('signs what the helper accepts', () => {
    vi.useFakeTimers();
    fc.assert(
      fc.property(secretText, fc.string({ unit: 'grapheme' }), timestamps, (secret, body, at) => {
        vi.setSystemTime(at);
        const headers = signatureHeaders(secret, url, Buffer.from(body), at);
        const accepted = Signature.isValid({
          clientSecret: secret,
          requestBody: body,
          signature: headers[SIGNATURE_V3_HEADER] ?? '',
          signatureVersion: 'v3',
          timestamp: at,
          method: 'POST',
          url,
        });
        expect(accepted).toBe(true);
      }),
    );
  });
});

describe('a mutation anywhere', () => {
  const secret = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';
  const request = signed(secret, Buffer.from('[{"eventId":1}]'), 1_700_000_000_000);
  const flip = (text: string, at: number, bits: number) => {
    const index = at % text.length;
    const changed = String.fromCharCode(text.charCodeAt(index) ^ bits);
    return text.slice(0, index) + changed + text.slice(index + 1);
  };
  const mutations: Record<string, (at: number, bits: number) => Partial<WebhookRequest>> = {
    body: (at, bits) => {
      const body = Buffer.from(request.body);
      body[at % body.length] = (body[at % body.length] ?? 0) ^ bits;
      return { body };
    },
    method: (at, bits) => ({ method: flip(request.method, at, bits) }),
    url: (at, bits) => ({ url: flip(request.url, at, bits) }),
    signature: (at, bits) => ({ headers: mutatedHeader(SIGNATURE_V3_HEADER, at, bits) }),
    timestamp: (at, bits) => ({ headers: mutatedHeader(TIMESTAMP_HEADER, at, bits) }),
  };
  const mutatedHeader = (name: string, at: number, bits: number) => ({
    ...request.headers,
    [name]: flip(String(request.headers[name]), at, bits),
  });

  it.each(Object.entries(mutations))('of the %s is refused', (_part, mutate) => {
    expect(verify(request, [secret])).toEqual({ verified: true });
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        expect(verify({ ...request, ...mutate(at, bits) }, [secret]).verified).toBe(false);
      }),
    );
  });

  it('of the secret is refused', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        expect(verify(request, [flip(secret, at, bits)]).verified).toBe(false);
      }),
    );
  });

  it('of the clock is refused outside the window, and only there', () => {
    fc.assert(
      fc.property(fc.integer({ min: -600_000, max: 600_000 }), (ageMs) => {
        const receivedAtMs = request.receivedAtMs + ageMs;
        const fresh = ageMs <= TOLERANCE_MS && ageMs >= -60_000;
        expect(verify({ ...request, receivedAtMs }, [secret]).verified).toBe(fresh);
      }),
    );
  });
});
