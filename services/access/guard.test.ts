import fastify, { type InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import { answerNotFound, answerWithProblem } from '../http/problem-handler.ts';
import { ANYONE, manages, reads } from './access.ts';
import { bearerAuthentication } from './bearer.ts';
import { guard } from './guard.ts';
import { principalOf } from './principal.ts';
import { staticToken } from './static-token.ts';

const TOKEN = 'a-token-for-these-tests';

function server(authenticates = true) {
  const app = fastify();
  app.setErrorHandler(answerWithProblem);
  app.setNotFoundHandler(answerNotFound);
  const kinds = [staticToken(TOKEN, 'acme')];
  guard(app, {
    operatorTenantId: 'acme',
    ...(authenticates && { authenticate: bearerAuthentication(kinds) }),
  });
  return app;
}

describe('the guard', () => {
  it('lets no route be registered that does not say who may call it', () => {
    expect(() => server().get('/open', async () => 'hello')).toThrow('GET /open does not declare');
  });

  it('lets no route ask for a token in a process that takes none', () => {
    const register = () => server(false).get('/own', { config: reads('org') }, async () => 'hello');
    expect(register).toThrow('GET /own asks for a token');
  });

  it('stands before routes of plugins, before their bodies are read, and not before what is not there', async () => {
    const app = server();
    app.get('/open', { config: ANYONE }, async () => 'hello');
    await app.register(async (inner) => {
      inner.post('/own', { config: manages('tenant') }, async (request) => principalOf(request));
    });
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const status = async (options: InjectOptions) => (await app.inject(options)).statusCode;
    expect(await status({ url: '/open' })).toBe(200);
    expect(await status({ url: '/nothing' })).toBe(404);
    const broken = {
      method: 'POST',
      url: '/own',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    } as const;
    expect(await status(broken)).toBe(401);
    const headers = { ...broken.headers, ...bearer };
    expect(await status({ ...broken, headers })).toBe(400);
    const answer = await app.inject({ method: 'POST', url: '/own', headers: bearer });
    expect(answer.json()).toMatchObject({ tenantId: 'acme', orgId: null, role: 'owner' });
    expect(
      await status({ method: 'POST', url: '/own', headers: { ...bearer, 'x-org-id': ' ' } }),
    ).toBe(400);
    await app.close();
  });
});
