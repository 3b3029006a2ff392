// What providers send and expect besides JSON by POST: methods, secret path segments, SOAP answers,
// pings. See intake-app.ts for what is real.
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { pathSecret } from '#adapters/kit/verification/path-secret.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import {
  BODY_LIMIT_BYTES,
  connection,
  type IntakeApp,
  PUBLIC_URL,
  startIntake,
} from './intake-app.ts';
import { type Answer, send } from './webhook-client.ts';

const SECRET = 'a-secret-of-every-connection-here';
const PROVIDERS = ['salesforce', 'zoho', 'zenoti'] as const;
type Provider = (typeof PROVIDERS)[number];

let stack: AsyncDisposableStack;
let intake: IntakeApp;
const settings = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  for (const provider of PROVIDERS) {
    const adapter = adapterOf(provider);
    const sandbox = await adapter.sandbox?.();
    const parsed = adapter.settingsSchema.parse(sandbox?.settings ?? {});
    settings.set(provider, parsed as Record<string, unknown>);
  }
  intake = await startIntake(stack, {
    connections: PROVIDERS.map((provider) =>
      connection(`con_${provider}`, { provider, settings: settings.get(provider) ?? {} }),
    ),
    secrets: Object.fromEntries(PROVIDERS.map((provider) => [`secret/con_${provider}`, SECRET])),
  });
});
afterAll(() => stack.disposeAsync());
afterEach(() => {
  intake.outboxFault = undefined;
});

function adapterOf(provider: string) {
  const adapter = adaptersByProvider().get(provider);
  if (!adapter) throw new Error(`there is no adapter ${provider}`);
  return adapter;
}

let sequence = 0;
/** A sample as the provider signs it. */
function sample(provider: Provider, name?: string, secret = SECRET): WebhookRequest {
  sequence += 1;
  const adapter = adapterOf(provider);
  return adapter.sample({
    name: name ?? adapter.samples[0] ?? '',
    settings: settings.get(provider),
    secret,
    url: `${PUBLIC_URL}/webhooks/${provider}/con_${provider}`,
    nowMs: Date.now(),
    sequence,
  });
}

function deliver(request: WebhookRequest, change: Partial<WebhookRequest> = {}): Promise<Answer> {
  const { method, url, headers, body } = { ...request, ...change };
  const sent = headers as Record<string, string>;
  return send(intake.port, { method, path: url.slice(PUBLIC_URL.length), headers: sent, body });
}

async function lastReason(): Promise<unknown> {
  return (await intake.requestLog())[0]?.reason;
}

describe('every sample of every provider', () => {
  const cases = PROVIDERS.flatMap((provider) =>
    adapterOf(provider).samples.map((name) => ({ provider, name })),
  );

  it.each(cases)('$provider $name is accepted', async ({ provider, name }) => {
    const answer = await deliver(sample(provider, name));
    expect(answer.status).toBe(200);
    expect(intake.outboxAppends.at(-1)).toMatchObject([{ provider }]);
  });

  it.each(cases)('$provider $name of another secret is not', async ({ provider, name }) => {
    const before = intake.outboxAppends.length;
    const answer = await deliver(sample(provider, name, 'another-secret-altogether'));
    expect(answer).toMatchObject({ status: 401, json: { code: 'webhook_not_verified' } });
    expect(intake.outboxAppends).toHaveLength(before);
  });
});

describe('Salesforce outbound messages', () => {
  const SOAP = 'text/xml; charset=utf-8';
  const ack = (value: boolean) => expect.stringContaining(`<Ack>${value}</Ack>`);

  it('are acknowledged in SOAP once they are accepted', async () => {
    const answer = await deliver(sample('salesforce'));
    expect(answer).toMatchObject({ status: 200, contentType: SOAP, text: ack(true) });
  });

  it('are not acknowledged while nothing durable confirms, and are then asked for again', async () => {
    intake.outboxFault = new Error('the disk is full');
    const request = sample('salesforce');
    const refused = await deliver(request);
    expect(refused).toMatchObject({ status: 503, contentType: SOAP, text: ack(false) });
    expect(await lastReason()).toBe('not_durable');
    expect(intake.logLines.at(-1)).toContain('not_durable');
    intake.outboxFault = undefined;
    expect(await deliver(request)).toMatchObject({ status: 200, text: ack(true) });
  });

  it('need the secret segment of the URL', async () => {
    const request = sample('salesforce');
    const without = request.url.slice(0, request.url.lastIndexOf('/'));
    expect((await deliver(request, { url: without })).status).toBe(401);
    expect(await lastReason()).toBe('path_secret_missing');
    const wrong = `${without}/${pathSecret('another-secret')}`;
    expect((await deliver(request, { url: wrong })).status).toBe(401);
    expect(await lastReason()).toBe('path_secret_mismatch');
  });

  it('of another organisation are refused by name', async () => {
    const request = sample('salesforce');
    const text = request.body.toString().replace(/(<OrganizationId>00D)./, '$1X');
    const answer = await deliver(request, { body: Buffer.from(text) });
    expect(answer).toMatchObject({ status: 401, json: { code: 'webhook_not_verified' } });
    expect(await lastReason()).toBe('organization_mismatch');
  });

  it.each([
    ['a document type', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
    ['no XML', '{"a":1}'],
    ['nothing', ''],
  ])('that are %s are refused by name', async (_name, body) => {
    const answer = await deliver(sample('salesforce'), { body: Buffer.from(body) });
    expect(answer.status).toBe(401);
    expect(await lastReason()).toBe('body_unreadable');
  });
});

describe('methods', () => {
  it.each(['POST', 'PUT', 'PATCH'])('Zenoti may send by %s', async (method) => {
    expect(await deliver(sample('zenoti'), { method })).toMatchObject({
      status: 200,
      json: { accepted: expect.any(Number) },
    });
  });

  it.each([
    ['zoho', 'PUT', 'POST'],
    ['salesforce', 'GET', 'POST'],
    ['zenoti', 'GET', 'POST, PUT, PATCH'],
  ] as const)('%s may not send by %s', async (provider, method, allowed) => {
    const answer = await deliver(sample(provider), { method });
    expect(answer).toMatchObject({ status: 405, json: { code: 'method_not_allowed' } });
    expect(answer.headers).toContainEqual(`allow: ${allowed}`);
    expect(await lastReason()).toBe('method_not_allowed');
  });

  it('a method that no provider sends by has no route', async () => {
    expect((await deliver(sample('zenoti'), { method: 'DELETE' })).status).toBe(404);
  });
});

it('an empty unsigned ping of Zenoti is answered and not stored', async () => {
  const before = intake.outboxAppends.length;
  const ping = { ...sample('zenoti'), headers: {}, body: Buffer.alloc(0) };
  expect((await deliver(ping)).status).toBe(200);
  expect(intake.outboxAppends).toHaveLength(before);
});

describe('bodies that are not taken', () => {
  it.each(PROVIDERS)('%s: too large', async (provider) => {
    const answer = await deliver(sample(provider), {
      body: Buffer.alloc(BODY_LIMIT_BYTES + 1, 32),
    });
    expect(answer).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
    expect(await lastReason()).toBe('body_too_large');
  });

  it.each(PROVIDERS)('%s: compressed, a bomb or not', async (provider) => {
    const request = sample(provider);
    const answer = await deliver(request, {
      headers: { ...request.headers, 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(10_000_000)),
    });
    expect(answer).toMatchObject({ status: 415, json: { code: 'encoding_not_supported' } });
    expect(await lastReason()).toBe('encoding_not_supported');
  });

  it.each(['salesforce', 'zenoti'] as const)('%s: of another content type', async (provider) => {
    const request = sample(provider);
    const answer = await deliver(request, {
      headers: { ...request.headers, 'content-type': 'multipart/form-data; boundary=x' },
    });
    // Verified it is, and Salesforce hears of it in its own words.
    expect(await lastReason()).toBe('content_type_not_supported');
    expect(answer.status === 415 || answer.text.includes('<Ack>false</Ack>')).toBe(true);
  });
});
