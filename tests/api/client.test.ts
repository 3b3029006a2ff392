// The generated client against the API. Real: both; see api-app.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TributaryProblem } from '../../client/problem.ts';
import { type ApiApp, openApi } from './api-app.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());

const SECRET = 'marker-secret-of-the-connection';
const body = { provider: 'hubspot', name: 'main', secret: SECRET };
const withKey = (key: string) => ({ params: { header: { 'Idempotency-Key': key } } });

describe('the client', () => {
  it('adds a connection once for a key, and finds it in the list', async () => {
    const made = await api.client.post('/v1/connections', { body, ...withKey('k1') });
    const again = await api.client.raw.POST('/v1/connections', { body, ...withKey('k1') });
    expect(again.response.headers.get('idempotency-replayed')).toBe('true');
    const { webhook_url, ...kept } = made;
    expect(webhook_url).toContain(made.id);
    expect(again.data).toEqual(kept);
    const { connections } = await api.client.get('/v1/connections');
    expect(connections.map(({ id }) => id)).toEqual([made.id]);
    const rows = await api.database.query('SELECT * FROM idempotency_keys');
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  it('throws the problem that the API answers with', async () => {
    const refused = api.client.post('/v1/connections', { body, ...withKey('k2') });
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TributaryProblem);
    expect(error).toMatchObject({ code: 'connection_exists', status: 409, next: 'fix_request' });
  });

  it('is told where a request is wrong', async () => {
    const refused = api.client.post('/v1/connections', { body: { ...body, name: '' } });
    await expect(refused).rejects.toMatchObject({ faults: [{ pointer: '/name' }] });
  });
});
