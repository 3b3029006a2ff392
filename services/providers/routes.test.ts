// Real: Fastify, access by a token, the adapters.
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import { bearerAuthentication } from '../access/bearer.ts';
import { staticToken } from '../access/static-token.ts';
import { healthRoutes } from '../http/health.ts';
import { createServer } from '../http/server.ts';
import type { ProviderDetail } from './provider-view.ts';
import { providerRoutes } from './routes.ts';

const TOKEN = 'a-token-for-these-tests';

let server: FastifyInstance;

beforeAll(async () => {
  server = await createServer({
    logger: pino({ level: 'silent' }),
    authenticate: bearerAuthentication([staticToken(TOKEN, 'acme')]),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
  });
  await server.register(providerRoutes, { adapters: adaptersByProvider() });
  await server.register(healthRoutes, {
    checks: {},
    isReady: () => true,
    onError: () => undefined,
  });
  await server.ready();
});
afterAll(() => server.close());

async function get(url: string) {
  const answer = await server.inject({ url, headers: { authorization: `Bearer ${TOKEN}` } });
  return { status: answer.statusCode, body: answer.json() };
}

async function detailOf(provider: string): Promise<ProviderDetail> {
  const { status, body } = await get(`/v1/providers/${provider}`);
  expect(status).toBe(200);
  return body;
}

describe('GET /v1/providers', () => {
  it('lists all there are', async () => {
    const { status, body } = await get('/v1/providers');
    expect(status).toBe(200);
    const providers = body.providers as ProviderDetail[];
    expect(providers.map(({ provider }) => provider)).toEqual([...adaptersByProvider().keys()]);
    expect(providers).toContainEqual({
      provider: 'zenoti',
      title: 'Zenoti',
      event_types: expect.arrayContaining(['appointment.created', 'service.created']),
      polled_event_types: expect.arrayContaining(['service.created']),
      secret_made_by: 'provider',
      credential_kinds: ['api_key'],
      samples: expect.arrayContaining([expect.any(String)]),
      docs: 'docs/providers/zenoti.md',
    });
  });
});

describe('GET /v1/providers/:provider', () => {
  it('tells what a connection is asked for', async () => {
    const { title, secret_made_by, settings, credentials } = await detailOf('salesforce');
    expect([title, secret_made_by]).toEqual(['Salesforce', 'tributary']);
    expect(settings.fields[0]).toEqual({
      name: 'organization_id',
      pointer: '/organization_id',
      label: 'Organization ID',
      help: expect.stringContaining('Company Information'),
      group: 'account',
      widget: 'text',
      type: 'string',
      required: true,
      secret: false,
      called: false,
      placeholder: '00D5g000004ABCDEA4',
    });
    expect(settings.schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['organization_id'],
      properties: { signature_encoding: { enum: ['base64', 'hex'], title: 'Signature encoding' } },
    });
    expect(credentials.map(({ kind, fields }) => [kind, fields.map(({ name }) => name)])).toEqual([
      ['oauth2', ['login_url']],
      ['jwt_bearer', ['username', 'login_url']],
      ['client_credentials', ['login_url']],
    ]);
  });

  it('tells what is inside of lists and objects', async () => {
    const zoho = await detailOf('zoho');
    const channels = zoho.settings.fields.find(({ name }) => name === 'channels');
    expect(channels?.item?.fields?.map(({ pointer }) => pointer)).toEqual([
      '/channels/*/channel_id',
      '/channels/*/expires_at',
    ]);
    const custom = await detailOf('custom');
    const api = custom.settings.fields.find(({ name }) => name === 'api');
    expect(api?.fields?.map(({ name, required }) => [name, required])).toEqual([
      ['base_url', true],
      ['key_header', false],
      ['key_prefix', false],
      ['health_path', false],
    ]);
  });

  it('marks secrets', async () => {
    const { credentials } = await detailOf('zenoti');
    expect(credentials[0]?.fields[0]).toMatchObject({
      name: 'api_key',
      secret: true,
      widget: 'secret',
    });
    expect(credentials[0]?.schema).toMatchObject({ properties: { api_key: { writeOnly: true } } });
  });

  it('answers every provider', async () => {
    for (const provider of adaptersByProvider().keys()) {
      expect((await detailOf(provider)).settings.fields.length).toBeGreaterThan(0);
    }
  });

  it('knows no other', async () => {
    const { status, body } = await get('/v1/providers/acme');
    expect([status, body.code]).toEqual([404, 'not_found']);
  });

  it('is described, with a field that holds fields', async () => {
    const { components } = (await get('/openapi.json')).body;
    expect(components.schemas.ProviderDetail.properties).toHaveProperty('settings');
    expect(components.schemas.Field.properties).toMatchObject({
      widget: { enum: expect.arrayContaining(['secret']) },
      fields: { items: { $ref: '#/components/schemas/Field' } },
    });
    expect(JSON.stringify(components.schemas.Field.properties.item)).toContain('schemas/Field"');
  });
});
