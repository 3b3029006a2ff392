// Handshakes and address lists of custom definitions, over HTTP. See intake-app.ts for what is real.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hmac } from '#adapters/kit/verification/signature.ts';
import { connection, type IntakeApp, startIntake } from './intake-app.ts';
import { send } from './webhook-client.ts';

const SECRET = 'a-secret-of-the-custom-connections';
const PATH = '/webhooks/custom/con_hands';

let stack: AsyncDisposableStack;
let intake: IntakeApp;

function definition(name: string): unknown {
  const folder = '../../adapters/custom/vectors/definitions';
  return JSON.parse(readFileSync(new URL(`${folder}/${name}.json`, import.meta.url), 'utf8'));
}

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const custom = (id: string, name: string) =>
    connection(id, { provider: 'custom', settings: { definition: definition(name) } });
  intake = await startIntake(stack, {
    connections: [custom('con_hands', 'challenges'), custom('con_listed', 'addresses')],
    secrets: { 'secret/con_hands': SECRET, 'secret/con_listed': SECRET },
    // One proxy stands in front, so that a sender's address can be stated.
    trustedProxies: 1,
  });
});
afterAll(() => stack.disposeAsync());

const get = (query: string) =>
  send(intake.port, { method: 'GET', path: PATH + query, headers: {}, body: Buffer.alloc(0) });

async function lastReason(): Promise<unknown> {
  return (await intake.requestLog())[0]?.reason;
}

describe('handshakes', () => {
  it('echo a value to who knows the token, and to no browser as a page', async () => {
    const asked = `?hub.mode=subscribe&hub.verify_token=${SECRET}&hub.challenge=1158201444`;
    const answer = await get(asked);
    expect(answer).toMatchObject({ status: 200, text: '1158201444' });
    expect(answer.contentType).toMatch(/^text\/plain/);
    expect(answer.headers).toContainEqual('x-content-type-options: nosniff');
  });

  it('are refused with another token', async () => {
    const answer = await get('?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1');
    expect(answer).toMatchObject({ status: 401, json: { code: 'webhook_not_verified' } });
  });

  it('answer with an HMAC of the value under the secret', async () => {
    const body = Buffer.from(
      '{"event":"endpoint.url_validation","payload":{"plainToken":"q9ibPhGe"}}',
    );
    const headers = { 'content-type': 'application/json' };
    const answer = await send(intake.port, { path: PATH, headers, body });
    const encryptedToken = hmac('sha256', SECRET, ['q9ibPhGe']).toString('hex');
    expect(answer).toMatchObject({ status: 200, json: { plainToken: 'q9ibPhGe', encryptedToken } });
  });

  it('make no event, and a GET that is none is refused', async () => {
    expect(intake.outboxAppends).toEqual([]);
    expect((await get('?hub.mode=other')).status).toBe(401);
  });
});

describe('addresses', () => {
  const body = Buffer.from('{"type":"deal.updated","id":"7"}');
  const from = (forwarded: string) =>
    send(intake.port, {
      path: '/webhooks/custom/con_listed',
      headers: {
        'x-sig': hmac('sha256', SECRET, [body]).toString('hex'),
        'x-forwarded-for': forwarded,
      },
      body,
    });

  it.each(['203.0.113.9', '2001:db8:12::1', '192.0.2.1, 203.0.113.9'])(
    '%s may send',
    async (one) => {
      expect((await from(one)).status).toBe(200);
    },
  );

  it.each(['192.0.2.1', '203.0.113.9, 192.0.2.1', ''])('%j may not', async (one) => {
    expect((await from(one)).status).toBe(401);
    expect(await lastReason()).toBe('address_not_allowed');
  });
});
