// Webhooks that are taken: what is answered, stored and published. See intake-app.ts for what is real.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CanonicalEvent, eventSchema } from '#schemas/event.ts';
import { answeringAdapter, connection, type IntakeApp, startIntake } from './intake-app.ts';
import {
  notification,
  SHOP_DEFINITION,
  send,
  signedByHubspot,
  signedByShop,
} from './webhook-client.ts';

const SECRETS = {
  'secret/con_hubspot': 'the-hubspot-client-secret',
  'secret/con_shop': 'the-signing-key-of-the-shop',
  'secret/con_answering': 'not-used',
};
const ANSWER = { status: 202, contentType: 'text/xml; charset=utf-8', body: '<ok/>' };

let stack: AsyncDisposableStack;
let intake: IntakeApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  intake = await startIntake(stack, {
    connections: [
      connection('con_hubspot', { orgId: 'org_1' }),
      connection('con_shop', { provider: 'custom', settings: { definition: SHOP_DEFINITION } }),
      connection('con_answering', { provider: 'answering' }),
    ],
    secrets: SECRETS,
    adapters: [answeringAdapter('answering', ANSWER)],
  });
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  published();
});

const hubspot = (body: string) =>
  signedByHubspot({ secret: SECRETS['secret/con_hubspot'], connectionId: 'con_hubspot', body });
const shop = (body: string) =>
  signedByShop({ secret: SECRETS['secret/con_shop'], connectionId: 'con_shop', body });

async function stored(query: string): Promise<CanonicalEvent[]> {
  const { body } = await intake.api(`/v1/events?${query}`);
  return body.events as CanonicalEvent[];
}

/** Events given to the bus since the last look. */
function published(): CanonicalEvent[] {
  return intake.bus.published.splice(0).map(({ data }) => JSON.parse(data));
}

describe('an accepted webhook', () => {
  it('of one item becomes one canonical event, the same in the outbox and on the bus', async () => {
    const before = new Date().toISOString();
    const answer = await send(intake.port, hubspot(JSON.stringify([notification(1)])));
    expect(answer).toMatchObject({
      status: 200,
      contentType: 'application/json; charset=utf-8',
      json: { accepted: 1, duplicates: 0, skipped: 0 },
    });
    const [event, ...more] = await stored('entity_id=1001');
    expect(more).toEqual([]);
    expect(eventSchema.parse(event)).toEqual(event);
    expect(event).toMatchObject({
      event_type: 'deal.updated',
      entity_type: 'deal',
      entity_id: '1001',
      tenant_id: 'acme',
      org_id: 'org_1',
      connection_id: 'con_hubspot',
      provider: 'hubspot',
      occurred_at: new Date(1_762_075_800_001).toISOString(),
      payload: notification(1),
      metadata: { source: 'webhook', actor: 'userId:7' },
    });
    expect(event && event.received_at >= before).toBe(true);
    expect(published()).toEqual([event]);
  });

  it('keeps the good items of a batch, and records the others with their place', async () => {
    const bad = notification(11, { subscriptionType: 'deal.unheardOf' });
    const batch = [notification(10), bad, notification(12), 'no item', notification(10)];
    const answer = await send(intake.port, hubspot(JSON.stringify(batch)));
    expect(answer.json).toEqual({ accepted: 2, duplicates: 0, skipped: 3 });
    expect(published().map((event) => event.entity_id)).toEqual(['1010', '1012']);
    const rows = (await intake.requestLog()).filter(({ outcome }) => outcome === 'skipped');
    expect(rows.map(({ reason, detail }) => `${reason} ${detail}`).sort()).toEqual([
      'invalid_item /3: Not a notification: it is not an object.',
      'repeated_in_batch /4: The same change stands earlier in this body.',
      'unknown_type /1: There is no mapping for "deal.unheardOf".',
    ]);
    const [accepted] = await stored('entity_id=1010');
    for (const row of rows) {
      expect(row).toMatchObject({
        http_status: 200,
        connection_id: 'con_hubspot',
        // The same id as in the events of the request: the log and the outbox can be joined.
        request_id: accepted?.metadata.trace_id,
      });
    }
  });

  it('sent again is acknowledged, recorded as a duplicate, and stored no second time', async () => {
    const body = JSON.stringify([notification(20), notification(21)]);
    await send(intake.port, hubspot(body));
    published();
    const appends = intake.outboxAppends.length;
    const again = await send(intake.port, hubspot(body));
    expect(again).toMatchObject({ status: 200, json: { accepted: 0, duplicates: 2, skipped: 0 } });
    expect([intake.outboxAppends.length - appends, published()]).toEqual([0, []]);
    const [event] = await stored('entity_id=1020');
    const { body: one } = await intake.api(`/v1/events/${event?.event_id}`);
    expect(one).toMatchObject({ outbox_rows: 1 });
    const rows = (await intake.requestLog()).filter(({ outcome }) => outcome === 'duplicate');
    expect(rows).toEqual([
      expect.objectContaining({
        reason: 'duplicate',
        detail: '2 events were accepted before',
        http_status: 200,
        connection_id: 'con_hubspot',
      }),
    ]);
  });

  it('of nothing but unknown types is acknowledged, so that the provider does not repeat it', async () => {
    const change = { kind: 'PARCEL', changeId: 'p-1', order: { id: 'o-1' } };
    const answer = await send(intake.port, shop(JSON.stringify({ changes: [change] })));
    expect(answer).toMatchObject({ status: 200, json: { accepted: 0, duplicates: 0, skipped: 1 } });
    expect(published()).toEqual([]);
  });

  it('is answered as its provider expects', async () => {
    const sent = signedByHubspot({
      secret: '',
      connectionId: 'con_answering',
      provider: 'answering',
      body: JSON.stringify([notification(30)]),
    });
    const answer = await send(intake.port, sent);
    expect([answer.status, answer.contentType, answer.text]).toEqual([
      ANSWER.status,
      ANSWER.contentType,
      ANSWER.body,
    ]);
    expect(published()).toHaveLength(1);
  });

  it.each([
    undefined,
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.shop+json; v=2',
  ])('may have the content type %s', async (contentType) => {
    const sent = hubspot(JSON.stringify([notification(40 + (contentType?.length ?? 0))]));
    const { 'content-type': _json, ...headers } = sent.headers;
    const typed = contentType === undefined ? headers : { ...headers, 'content-type': contentType };
    await expect(send(intake.port, { ...sent, headers: typed })).resolves.toMatchObject({
      status: 200,
      json: { accepted: 1 },
    });
  });

  it('may come in pieces, with a query that is signed', async () => {
    const sent = signedByHubspot({
      secret: SECRETS['secret/con_hubspot'],
      connectionId: 'con_hubspot',
      body: JSON.stringify([notification(90, { propertyValue: 'x'.repeat(30_000) })]),
      query: '?b=2&a=%7B1%7D',
    });
    await expect(send(intake.port, { ...sent, chunked: true })).resolves.toMatchObject({
      status: 200,
      json: { accepted: 1 },
    });
  });
});

const decimals = ['12.50', '0.1', '1e2', '-0', '-12.340', '123456789012345678901234567890.10'];

describe('decimals', () => {
  it.each(decimals)('%s is the same text from the body to the API', async (text) => {
    const objectId = 9_000 + decimals.indexOf(text);
    const body = JSON.stringify([notification(objectId, { objectId, propertyValue: '@' })]);
    await send(intake.port, hubspot(body.replace('"@"', text)));
    const [event] = await stored(`entity_id=${objectId}`);
    expect(event?.payload.propertyValue).toBe(text);
    expect(published()).toMatchObject([{ payload: { propertyValue: text } }]);
  });

  it('of a custom source are exact too', async () => {
    const body =
      '{"changes":[{"kind":"ORDER","changeId":"d-1","order":{"id":"o-9","total":12.50}}]}';
    await send(intake.port, shop(body));
    const [event] = await stored('entity_id=o-9');
    expect(event?.payload).toMatchObject({ order: { total: '12.50' } });
  });

  it('of whole numbers stay numbers', async () => {
    const body = '{"changes":[{"kind":"ORDER","changeId":"d-2","order":{"id":"o-10","count":3}}]}';
    await send(intake.port, shop(body));
    const [event] = await stored('entity_id=o-10');
    expect(event?.payload).toMatchObject({ order: { count: 3 } });
  });
});
