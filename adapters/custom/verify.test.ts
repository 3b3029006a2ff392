import { createHmac } from 'node:crypto';
import { Signature } from '@hubspot/api-client/lib/src/utils/signature.js';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { customAdapter } from './adapter.ts';
import { loadDefinition, requestWith, signedRequest } from './fixtures.ts';

it('parses an unverified body only up to its limit', () => {
  const { settings, secrets, request } = signedRequest('signature in the body');
  const bound = customAdapter.bind(settings);
  const padded = (length: number) =>
    bound.verify(
      { ...request, body: Buffer.from(request.body.toString().padEnd(length)) },
      secrets,
    );
  expect(padded(64 * 1024).verified).toBe(true);
  expect(padded(64 * 1024 + 1)).toStrictEqual({ verified: false, reason: 'signature_missing' });
});

describe('oracles', () => {
  it('Standard Webhooks: the reference library signs what we verify', () => {
    const definition = loadDefinition('standard-webhooks');
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const now = new Date(1_700_000_000_000);
    const body = '{"type":"user.created","text":"Zoë 日本"}';
    const request = requestWith(body, {
      headers: {
        'webhook-id': 'msg_oracle',
        'webhook-timestamp': '1700000000',
        'webhook-signature': new Webhook(secret).sign('msg_oracle', now, body),
      },
    });
    expect(customAdapter.bind({ definition }).verify(request, [secret]).verified).toBe(true);
  });

  it('Standard Webhooks: the reference library verifies our sample', () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const sample = customAdapter.sample({
      name: 'default',
      settings: { definition: loadDefinition('standard-webhooks') },
      secret,
      url: 'https://hooks.example.com/x',
      nowMs: Date.now(),
      sequence: 1,
    });
    const headers = sample.headers as Record<string, string>;
    expect(new Webhook(secret).verify(sample.body, headers)).toMatchObject({
      type: 'user.created',
    });
  });

  it('HubSpot: the client library signs what we verify', () => {
    const url = 'https://hooks.example.com/webhooks/custom/c1?x=:a';
    const body = '[{"n":"Zoë"}]';
    const nowMs = 1_700_000_000_000;
    const signature = Signature.getSignature('POST', 'v3', {
      clientSecret: 'secret',
      requestBody: body,
      url,
      timestamp: nowMs,
      signature: '',
    });
    const request = requestWith(body, {
      url: url.replace(':a', '%3Aa'),
      headers: {
        'x-hubspot-signature-v3': signature,
        'x-hubspot-request-timestamp': String(nowMs),
      },
    });
    const bound = customAdapter.bind({ definition: loadDefinition('hubspot-v3') });
    expect(bound.verify(request, ['secret']).verified).toBe(true);
  });
});

it('none verifies every request', () => {
  const definition = { verification: [{ scheme: 'none' }], extract: { eventType: '/type' } };
  const verdict = customAdapter.bind({ definition }).verify(requestWith('{}'), []);
  expect(verdict.verified).toBe(true);
});

it('any: one of two schemes is enough', () => {
  const { require: _all, ...definition } = loadDefinition('both');
  const either = {
    ...definition,
    extract: { eventType: { constant: 'deal.created' }, entity: { id: '/id' } },
  };
  const bound = customAdapter.bind({ definition: either });
  const url = 'https://hooks.example.com/webhooks/custom/c1?token=right';
  expect(bound.verify(requestWith('{}', { url }), ['right']).verified).toBe(true);
  expect(bound.verify(requestWith('{}', { url }), ['wrong'])).toStrictEqual({
    verified: false,
    reason: 'signature_mismatch',
  });
});

describe('options of signatures and keys', () => {
  const body = '{"type":"a.b"}';
  const key = Buffer.from('0123456789abcdef', 'hex');
  const url = 'https://hooks.example.com/webhooks/custom/c1';
  const mac = (content: string, algorithm = 'sha256') =>
    createHmac(algorithm, key).update(content).digest('hex');
  const cases: readonly {
    readonly name: string;
    readonly scheme: Record<string, unknown>;
    readonly headers: Record<string, string>;
    readonly verified: boolean;
  }[] = [
    {
      name: 'an alternate header',
      scheme: { signature: { from: 'header', name: 'X-New', alternateNames: ['X-Old'] } },
      headers: { 'x-old': mac(body) },
      verified: true,
    },
    {
      name: 'a wrong signature beside a right one under the alternate header',
      scheme: { signature: { from: 'header', name: 'X-New', alternateNames: ['X-Old'] } },
      headers: { 'x-new': mac('other'), 'x-old': mac(body) },
      verified: true,
    },
    {
      name: 'several signatures where one is due',
      scheme: {
        signature: {
          from: 'header',
          name: 'X-Sig',
          parse: 'kv-list',
          key: 'v1',
          separator: ';',
          multipleSignatures: 'refuse',
        },
      },
      headers: { 'x-sig': `v1=${mac(body)};v1=${mac(body)}` },
      verified: false,
    },
    {
      name: 'an origin of its own',
      scheme: { uri: { base: 'https://other.example' }, content: '{uri}{body}' },
      headers: { 'x-sig': mac(`https://other.example/webhooks/custom/c1${body}`) },
      verified: true,
    },
    {
      name: 'the configured origin where another is due',
      scheme: { uri: { base: 'https://other.example' }, content: '{uri}{body}' },
      headers: { 'x-sig': mac(`${url}${body}`) },
      verified: false,
    },
    {
      name: 'sha1 where the definition allows it',
      scheme: { algorithm: 'sha1', legacy: true },
      headers: { 'x-sig': mac(body, 'sha1') },
      verified: true,
    },
    {
      name: 'sha384',
      scheme: { algorithm: 'sha384' },
      headers: { 'x-sig': mac(body, 'sha384') },
      verified: true,
    },
  ];
  it.each(cases)('$name', ({ scheme, headers, verified }) => {
    const definition = {
      verification: [
        {
          scheme: 'hmac',
          signature: { from: 'header', name: 'X-Sig' },
          secret: { encoding: 'hex', prefix: 'key:' },
          ...scheme,
        },
      ],
      extract: { eventType: '/type' },
    };
    const verdict = customAdapter
      .bind({ definition })
      .verify(requestWith(body, { headers }), [`key:${key.toString('hex')}`]);
    expect(verdict.verified).toBe(verified);
  });
});
