import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { zohoAdapter } from './adapter.ts';
import { settingsSchema } from './settings.ts';
import { MAX_NOTIFICATION_BYTES } from './verify.ts';

// Real: all of verification. Nothing is doubled. Single requests and their verdicts: vectors/.

const SECRET = 'k3Yc7-pP0wQv9bTn2LxHd5RsUgEaJmZf';
const BASE = 'https://hooks.example.com/webhooks/zoho/con_1';

function judge(
  body: string | Buffer,
  settings: unknown = {},
  headers: WebhookRequest['headers'] = {},
  url = withPathSecret(BASE, SECRET),
) {
  const bound = zohoAdapter.bind(settingsSchema.parse(settings));
  const request = { method: 'POST', url, headers, body: Buffer.from(body), receivedAtMs: 1 };
  return bound.verify(request, [SECRET]);
}

const refusal = (reason: string) => ({ verified: false, reason });
const signed = (length: number) => {
  const start = `{"token":"${SECRET}","x":"`;
  return `${start}${'x'.repeat(length - start.length - 2)}"}`;
};

describe('verification', () => {
  it.each([
    ['as large as may be', {}, MAX_NOTIFICATION_BYTES, { verified: true }],
    ['a byte larger', {}, MAX_NOTIFICATION_BYTES + 1, refusal('body_unreadable')],
    ['of 64 KiB without a path secret', { require_path_secret: false }, 65_536, { verified: true }],
    ['a byte larger than that', { require_path_secret: false }, 65_537, refusal('body_unreadable')],
  ])('bounds what it parses: a notification %s', (_name, settings, length, verdict) => {
    expect(judge(signed(length), settings)).toEqual(verdict);
  });

  it('reads nothing of a body before the path secret is right', () => {
    const body = new Proxy(Buffer.alloc(0), {
      get: () => {
        throw new Error('The body was read.');
      },
    });
    const bound = zohoAdapter.bind(settingsSchema.parse({}));
    for (const url of [BASE, `${BASE}/wrong`]) {
      const request = { method: 'POST', url, headers: {}, body, receivedAtMs: 0 };
      expect(bound.verify(request, [SECRET]).verified).toBe(false);
    }
  });

  it.each([
    ['a listed channel', [{ channel_id: '7' }], '7', { verified: true }],
    ['another channel', [{ channel_id: '7' }], '8', refusal('channel_unknown')],
    ['an id in a list', [{ channel_id: '7' }], ['7'], refusal('channel_unknown')],
    [
      'a channel that has expired',
      [{ channel_id: '7', expires_at: '1970-01-01T01:00:00+01:00' }],
      7,
      refusal('channel_expired'),
    ],
  ])('of %s', (_name, channels, channel_id, verdict) => {
    expect(judge(JSON.stringify({ token: SECRET, channel_id }), { channels })).toEqual(verdict);
  });

  it('refuses what is too deep to be read exactly, where it has to be', () => {
    const deep = `{"token":"${SECRET}","x":${'['.repeat(50_000)}1.5${']'.repeat(50_000)}}`;
    expect(judge(deep, { channels: [{ channel_id: '7' }] })).toEqual(refusal('body_unreadable'));
  });

  it('takes no token but the secret', () => {
    const text = fc.string({ unit: fc.constantFrom(...SECRET, '', ' ', '\u0000'), maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(text, fc.jsonValue({ maxDepth: 2 })), (token) => {
        fc.pre(token !== SECRET);
        expect(judge(JSON.stringify({ token })).verified).toBe(false);
        const headers = { 'x-tributary-token': String(token) };
        expect(judge(signed(200), {}, headers).verified).toBe(false);
      }),
    );
  });

  it.each([
    ['bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
    ['JSON', fc.json()],
  ] as const)('of any %s is a verdict', (_name, bodies) => {
    fc.assert(
      fc.property(bodies as fc.Arbitrary<string | Buffer>, (body) => {
        expect(judge(body).verified).toBe(false);
      }),
    );
  });
});
