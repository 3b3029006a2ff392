// What requests are refused for, and where the fault lies. Real: Fastify with our handlers and zod.
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ANYONE } from '#services/access/access.ts';
import { PROBLEMS } from '#services/http/openapi.ts';
import { createServer } from '#services/http/server.ts';

let server: FastifyInstance;

beforeAll(async () => {
  server = await createServer({
    logger: pino({ level: 'silent' }),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
  });
  server.withTypeProvider<ZodTypeProvider>().post(
    '/things/:id',
    {
      config: ANYONE,
      schema: {
        params: z.object({ id: z.string().max(3) }),
        querystring: z.strictObject({ limit: z.coerce.number().max(9).optional() }),
        body: z.strictObject({
          name: z.string(),
          parts: z.array(z.strictObject({ size: z.int() })).default([]),
        }),
        response: { 200: z.object({ ok: z.literal(true) }), ...PROBLEMS },
      },
    },
    async ({ body }) => ({ ok: body.name !== 'broken' }) as { ok: true },
  );
});
afterAll(() => server.close());

interface Case {
  readonly name: string;
  readonly url?: string;
  readonly payload?: unknown;
  readonly pointers: readonly string[];
}

const cases: readonly Case[] = [
  { name: 'a field that is missing', payload: {}, pointers: ['/name'] },
  {
    name: 'several faults',
    payload: { name: 1, parts: [{ size: 1 }, { size: 'x' }] },
    pointers: ['/name', '/parts/1/size'],
  },
  {
    name: 'fields too many',
    payload: { name: 'x', color: 1, 'a/b': 2, parts: [{ size: 1, w: 1 }] },
    pointers: ['/parts/0/w', '/color', '/a~1b'],
  },
  { name: 'a body that is none', payload: '[]', pointers: [''] },
  { name: 'a query', url: '/things/1?limit=10', payload: { name: 'x' }, pointers: ['/limit'] },
  { name: 'a query too many', url: '/things/1?x=1', payload: { name: 'x' }, pointers: ['/x'] },
  { name: 'a path', url: '/things/1234', payload: { name: 'x' }, pointers: ['/id'] },
];

const post = (url: string, payload: unknown) =>
  server.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

describe('a request that is not valid', () => {
  it.each(cases)('for $name says where', async ({ url = '/things/1', payload, pointers }) => {
    const answer = await post(url, payload);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    const body = answer.json();
    expect(body).toMatchObject({ status: 400, code: 'invalid_request', next: 'fix_request' });
    const found: { pointer: string; message: string }[] = body.errors;
    expect(found.map(({ pointer }) => pointer).toSorted()).toEqual([...pointers].toSorted());
    for (const { message } of found) expect(message).not.toBe('');
  });

  const others = [
    { name: 'no JSON', payload: '{', status: 400, code: 'invalid_request' },
    { name: 'too much', payload: { name: 'x'.repeat(2_000) }, status: 413, code: 'body_too_large' },
  ];
  it.each(others)('for $name is a problem too', async ({ payload, status, code }) => {
    const answer = await post('/things/1', payload);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect([answer.statusCode, answer.json()]).toMatchObject([status, { code }]);
  });
});

it('an answer that is not as the route promised is a fault on our side, and says no more', async () => {
  const answer = await post('/things/1', { name: 'broken' });
  expect([answer.statusCode, answer.json()]).toMatchObject([500, { code: 'internal_error' }]);
  expect(answer.payload).not.toContain('schema');
});
