// What an Idempotency-Key is good for. Real: Fastify, PGlite and PostgreSQL. The route counts how often
// it acts.
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { ConnectionExists, ProviderUnavailable, ReconcileRunning } from '#schemas/problems.ts';
import { manages } from '#services/access/access.ts';
import { createServer } from '#services/http/server.ts';

const SECRET = 'marker-secret-of-this-test';

describeOnEachDatabase('idempotency keys', (open) => {
  let stack: AsyncDisposableStack;
  let database: Database;
  let server: FastifyInstance;
  let acted = 0;
  /** What the route does before it answers. */
  let act: () => unknown = () => undefined;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    const opened = stack.adopt(await open(), (one) => one.close());
    database = opened.db;
    server = await createServer({
      logger: pino({ level: 'silent' }),
      bodyLimitBytes: 64 * 1024,
      operatorTenantId: 'acme',
      database,
      // The bearer token is "tenant organisation actor".
      authenticate: async ({ headers }) => {
        const [tenantId = '', orgId = '', actor = ''] = String(headers.authorization).split(' ');
        return { tenantId, orgId, actor, role: 'owner' };
      },
    });
    stack.defer(() => server.close());
    // The second answers with secrets, and its requests are told apart by a slow hash.
    for (const [url, secretFields] of [['/things'], ['/secrets', ['secret']]] as const) {
      server.withTypeProvider<ZodTypeProvider>().post(
        url,
        {
          config: { ...manages('org'), idempotent: true, ...(secretFields && { secretFields }) },
          schema: { body: z.strictObject({ name: z.string() }) },
        },
        async (request, reply) => {
          acted += 1;
          await act();
          const { name } = request.body;
          reply.header('etag', `"${acted}"`);
          return reply.code(201).send({ name, number: acted, secret: SECRET, in: [{ secret: 1 }] });
        },
      );
    }
    server.post('/plain', { config: manages('org') }, async () => {
      acted += 1;
      return { number: acted };
    });
  }, 60_000);
  afterAll(() => stack.disposeAsync());
  beforeEach(() => {
    acted = 0;
    act = () => undefined;
  });

  async function send(key: string | undefined, change: InjectOptions & { as?: string } = {}) {
    const { as = 'acme one jane', ...rest } = change;
    const answer = await server.inject({
      method: 'POST',
      url: '/things',
      payload: { name: 'x' },
      headers: { authorization: as, ...(key !== undefined && { 'idempotency-key': key }) },
      ...rest,
    });
    const { headers, statusCode: status } = answer;
    return { status, headers, text: answer.payload, body: answer.json() };
  }

  const age = (key: string, seconds: number) =>
    database.query(
      'UPDATE idempotency_keys SET created_at = created_at - make_interval(secs => $2) WHERE key = $1',
      [key, seconds],
    );

  it.each([
    { url: '/things', kept: { secret: SECRET, in: [{ secret: 1 }] } },
    { url: '/secrets', kept: { in: [{}] } },
  ])('repeats the answer of $url, without its secrets, and acts once', async ({ url, kept }) => {
    const first = await send('repeat', { url });
    expect(first).toMatchObject({ status: 201, body: { number: 1, secret: SECRET } });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const again = await send('repeat', { url });
    expect(again.status).toBe(201);
    expect(again.body).toEqual({ name: 'x', number: 1, ...kept });
    expect(again.headers).toMatchObject({
      'idempotency-replayed': 'true',
      etag: '"1"',
      'content-type': first.headers['content-type'],
    });
    expect(acted).toBe(1);
    await database.query('DELETE FROM idempotency_keys');
  });

  it('keeps no secret in the table', async () => {
    await send('secrets', { url: '/secrets' });
    const rows = await database.query('SELECT * FROM idempotency_keys WHERE key = $1', ['secrets']);
    expect(rows).toMatchObject([{ status: 201 }]);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  it('tells requests with secrets apart too', async () => {
    await send('apart', { url: '/secrets' });
    const other = await send('apart', { url: '/secrets', payload: { name: 'y' } });
    expect(other.body.code).toBe('idempotency_key_reused');
  });

  it('lets one of many at the same time act, and tells the others to wait', async () => {
    const gate = Promise.withResolvers<void>();
    act = () => gate.promise;
    const first = send('crowd');
    await expect.poll(() => acted).toBe(1);
    const others = await Promise.all(Array.from({ length: 8 }, () => send('crowd')));
    for (const other of others) {
      expect(other).toMatchObject({ status: 409, body: { code: 'request_in_progress' } });
      expect(other.headers['retry-after']).toBe('1');
    }
    gate.resolve();
    expect((await first).status).toBe(201);
    expect((await send('crowd')).headers['idempotency-replayed']).toBe('true');
    expect(acted).toBe(1);
  });

  it('acts once also when all come at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => send('at once')));
    expect(acted).toBe(1);
    const statuses = all.map(({ status }) => status);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    expect(statuses).toContain(201);
  });

  it('acts each time without a key, and where the route takes none', async () => {
    await send(undefined);
    await send(undefined);
    await send('ignored', { url: '/plain' });
    await send('ignored', { url: '/plain' });
    expect(acted).toBe(4);
  });

  const others: { name: string; change: InjectOptions & { as?: string } }[] = [
    { name: 'another body', change: { payload: { name: 'y' } } },
    { name: 'another query', change: { url: '/things?a=1' } },
    { name: 'another organisation', change: { as: 'acme two jane' } },
  ];
  it.each(others)('refuses a key that came with $name', async ({ name, change }) => {
    await send(name);
    const other = await send(name, change);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(acted).toBe(1);
  });

  it.each([
    { name: 'another tenant', as: 'rival one jane' },
    { name: 'another caller', as: 'acme one john' },
  ])('does not meet the key of $name', async ({ name, as }) => {
    await send(name);
    expect((await send(name, { as })).body.number).toBe(2);
  });

  const answers = [
    { name: 'a refusal', error: new ConnectionExists('It is there.'), status: 409, acts: 1 },
    { name: 'a failure', error: new ProviderUnavailable('It is away.'), status: 503, acts: 2 },
    { name: 'an unknown failure', error: new Error('oops'), status: 500, acts: 2 },
    { name: 'a wish to wait', error: new ReconcileRunning('Later.'), status: 409, acts: 2 },
  ];
  it.each(answers)('after $name acts $acts times', async ({ name, error, status, acts }) => {
    act = () => Promise.reject(error);
    expect((await send(name)).status).toBe(status);
    const again = await send(name);
    expect(again.status).toBe(status);
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(acted).toBe(acts);
  });

  it('does not use up the key for a request that is not valid', async () => {
    expect((await send('invalid', { payload: {} })).status).toBe(400);
    expect((await send('invalid')).status).toBe(201);
  });

  it.each(['', 'x'.repeat(201), 'ä', 'a\tb'])('refuses the key %j', async (key) => {
    expect(await send(key)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(acted).toBe(0);
  });

  it('takes over from a process that is gone, after a minute and for the same request', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    act = () => gates[acted - 1]?.promise;
    const lost = send('takeover');
    await expect.poll(() => acted).toBe(1);
    await age('takeover', 59);
    expect((await send('takeover')).status).toBe(409);
    await age('takeover', 2);
    expect((await send('takeover', { payload: { name: 'y' } })).status).toBe(422);
    const heir = send('takeover');
    await expect.poll(() => acted).toBe(2);
    // It was only slow: what it answers now is not the answer of the key.
    gates[0]?.resolve();
    await lost;
    expect((await send('takeover')).status).toBe(409);
    gates[1]?.resolve();
    const { etag } = (await heir).headers;
    expect((await send('takeover')).headers.etag).toBe(etag);
    expect(acted).toBe(2);
  });

  it('forgets a key after a day', async () => {
    await send('day');
    await age('day', 86_390);
    expect((await send('day')).headers['idempotency-replayed']).toBe('true');
    await age('day', 20);
    expect((await send('day', { payload: { name: 'y' } })).body.number).toBe(2);
  });

  it('answers all the same when the answer cannot be kept', async () => {
    act = () => database.query('ALTER TABLE idempotency_keys RENAME TO away');
    expect((await send('away')).status).toBe(201);
    await database.query('ALTER TABLE away RENAME TO idempotency_keys');
    expect((await send('away')).body.code).toBe('request_in_progress');
  });
});

describe('a route that takes idempotency keys', () => {
  it('cannot be registered where there is no database', async () => {
    const server = await createServer({
      logger: pino({ level: 'silent' }),
      bodyLimitBytes: 1_024,
      operatorTenantId: 'acme',
      authenticate: () => Promise.reject(new Error('nobody')),
    });
    const config = { ...manages('org'), idempotent: true };
    expect(() => server.post('/things', { config }, async () => '')).toThrow(/has no database/);
    await server.close();
  });
});
