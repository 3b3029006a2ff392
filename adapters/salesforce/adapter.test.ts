import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft, WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { pathSecret } from '#adapters/kit/verification/path-secret.ts';
import { EVENT_TYPE_PATTERN } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { Problem } from '#schemas/problem.ts';
import {
  ConnectionDisabled,
  InternalError,
  InvalidBody,
  InvalidRequest,
  NotDurable,
} from '#schemas/problems.ts';
import { salesforceAdapter } from './adapter.ts';
import { quickestMs, SOON_MS } from './quickest.test-support.ts';
import { type SalesforceSettings, settingsSchema } from './settings.ts';
import { type NotificationParts, writeOutboundMessage } from './write-message.ts';

// Real: all of the adapter. Doubled: the platform between an observation and its resolution.

const SECRET = 'Wq3vN8sT1yKdR7mZc5xJ0bLhUeGf2aPo';
const URL = 'https://hooks.example.com/webhooks/salesforce/con_1';
const NOW_MS = 1_768_472_430_123;
const ORGANIZATION = '00D5g000004ABCDEA4';
const OPPORTUNITY = '0065g00000XyZabAAF';
const settings = settingsSchema.parse({ organization_id: ORGANIZATION });
const bound = salesforceAdapter.bind(settings);

function request(
  body: string | Buffer,
  headers: WebhookRequest['headers'] = { 'content-type': 'text/xml' },
): WebhookRequest {
  const url = `${URL}/${pathSecret(SECRET)}`;
  return { method: 'POST', url, headers, body: Buffer.from(body), receivedAtMs: NOW_MS };
}

const callout = (body: unknown, contentType = 'application/json') =>
  request(typeof body === 'string' ? body : JSON.stringify(body), {
    'content-type': contentType,
    'x-tributary-signature': 'not looked at here',
  });

const notification = (fields: NotificationParts['record'] = {}, id = '04l5g00000AbCdEAAV') => ({
  id,
  record: { Id: OPPORTUNITY, ...fields },
});

const message = (...notifications: NotificationParts[]) =>
  writeOutboundMessage({
    organizationId: ORGANIZATION,
    actionId: '04k5g0000008XYZAA2',
    object: 'Opportunity',
    notifications,
  });

const keysOf = (one: WebhookRequest) => bound.webhook(one).drafts.map((draft) => draft.dedupeKey);

function sample(name: string, options: Partial<SalesforceSettings> = {}, sequence = 7) {
  const parsed = settingsSchema.parse({ organization_id: ORGANIZATION, ...options });
  const made = salesforceAdapter.sample({
    name,
    settings: parsed,
    secret: SECRET,
    url: URL,
    nowMs: NOW_MS,
    sequence,
  });
  return { made, its: salesforceAdapter.bind(parsed) };
}

describe('samples', () => {
  it.each(salesforceAdapter.samples)('%s is verified and makes its event', (name) => {
    const { made, its } = sample(name);
    expect(its.verify(made, [SECRET])).toEqual({ verified: true });
    expect(its.verify(made, ['another-secret']).verified).toBe(false);
    const { events, skipped } = new Receiver(its, NOW_MS).take(made);
    expect(skipped).toEqual([]);
    expect(events.map(({ event_type }) => event_type)).toContain(name);
  });

  it('keep decimals as written', () => {
    const [won] = new Receiver(bound).take(sample('opportunity.won').made).events;
    expect(won?.payload.record).toMatchObject({ Amount: '120000.0' });
    const { made } = sample('opportunity.updated');
    expect(made.body.toString()).toContain('"Amount":1250.50');
    expect(bound.webhook(made).drafts[0]?.payload.record).toMatchObject({
      Amount: '1250.50',
      NextStep: null,
    });
  });

  it.each(salesforceAdapter.samples)('%s fits other settings', (name) => {
    const { made, its } = sample(name, {
      organization_id: ORGANIZATION.slice(0, 15),
      signature_header: 'X-Org-Signature',
      timestamp_header: 'X-Org-Time',
      signature_encoding: 'hex',
    });
    expect(its.verify(made, [SECRET])).toEqual({ verified: true });
    expect(its.webhook(made).skipped).toEqual([]);
  });

  it.each(salesforceAdapter.samples)('%s differs from call to call', (name) => {
    expect(keysOf(sample(name, {}, 1).made)).not.toEqual(keysOf(sample(name, {}, 2).made));
  });

  it.each(['opportunity.levitated', 'toString'])('there is none named %s', (name) => {
    expect(() => sample(name)).toThrow(InvalidRequest);
  });
});

describe('settings', () => {
  it('need the organization alone', () => {
    expect(settings).toEqual({
      organization_id: ORGANIZATION,
      signature_header: 'x-tributary-signature',
      timestamp_header: 'x-tributary-timestamp',
      signature_encoding: 'base64',
      future_skew_seconds: 60,
      opportunity_stages: [],
      login_url: 'https://login.salesforce.com',
    });
  });

  it('take stages as they are listed', () => {
    const stage = { MasterLabel: 'Won', ApiName: 'Won', IsClosed: true, IsWon: true };
    const opportunity_stages = [{ ...stage, SortOrder: 3, attributes: { type: 'x' } }];
    const parsed = settingsSchema.parse({ organization_id: ORGANIZATION, opportunity_stages });
    expect(parsed.opportunity_stages).toEqual([stage]);
  });

  it.each([
    ['no organization', { organization_id: undefined }],
    ['an organization cut short', { organization_id: '00D5g000004ABC' }],
    ['an organization with another checksum', { organization_id: '00D5g000004ABCDEA5' }],
    ['a header that is none', { signature_header: 'x signature' }],
    ['a header all requests have', { signature_header: 'Content-Type' }],
    ['one header for both', { signature_header: 'X-Mine', timestamp_header: 'x-mine' }],
    ['an unknown encoding', { signature_encoding: 'base64url' }],
    ['a skew past five minutes', { future_skew_seconds: 301 }],
    ['a stage without its flags', { opportunity_stages: [{ MasterLabel: 'Won' }] }],
    [
      'too many stages',
      {
        opportunity_stages: Array(501).fill({ MasterLabel: 'x', IsClosed: false, IsWon: false }),
      },
    ],
    ['an unknown setting', { secret: 'x' }],
  ])('refuse %s', (_name, fields) => {
    const parsed = settingsSchema.safeParse({ organization_id: ORGANIZATION, ...fields });
    expect(parsed.success).toBe(false);
  });
});

describe('answers', () => {
  it('acknowledge a message, and leave a callout to the platform', () => {
    const { answer } = bound.webhook(request(message(notification())));
    expect(answer).toMatchObject({ status: 200, contentType: 'text/xml; charset=utf-8' });
    expect(answer?.body).toContain('<Ack>true</Ack>');
    const other = { id: '1', operation: 'delete', object: 'Contact', record: {} };
    expect(bound.webhook(callout({ events: [other] })).answer).toBeUndefined();
  });

  it('acknowledge a message of which nothing could be used: it would be no better again', () => {
    const { answer, skipped } = bound.webhook(request(message(notification({ Id: 'x' }))));
    expect(skipped).toHaveLength(1);
    expect(answer?.body).toContain('<Ack>true</Ack>');
  });

  it.each([
    ['a fault of ours', new NotDurable('x'), 503],
    ['another fault of ours', new InternalError('x'), 500],
    ['a fault of theirs', new InvalidBody('x'), 200],
    ['a disabled connection', new ConnectionDisabled('x'), 200],
  ])('refuse a message for %s', (_name, problem, status) => {
    const refusal = bound.refusal?.(request(message(notification())), problem);
    expect(refusal).toMatchObject({ status, contentType: 'text/xml; charset=utf-8' });
    expect(refusal?.body).toContain('<Ack>false</Ack>');
    expect(bound.refusal?.(callout({}), problem)).toBeUndefined();
  });
});

describe('whole bodies', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      notification({}, `04l5g00000${String(at).padStart(5, '0')}`),
    );
  const events = (count: number) => Array(count).fill({ id: '1' });
  const merged = { entityName: 'Account', changeType: 'UPDATE', transactionKey: 'a' };
  const header = { ...merged, sequenceNumber: 1, commitTimestamp: NOW_MS };
  const changes = (count: number) => [
    { ChangeEventHeader: { ...header, recordIds: Array(count).fill('x') } },
  ];

  it('may be as large as the bounds', () => {
    expect(bound.webhook(request(message(...many(100)))).drafts).toHaveLength(100);
    expect(bound.webhook(callout({ events: events(200) })).skipped).toHaveLength(200);
    expect(bound.webhook(callout(changes(500))).skipped).toHaveLength(500);
    expect(bound.webhook(callout(changes(501))).skipped).toMatchObject([{ pointer: '/0' }]);
  });

  it.each([
    ['101 notifications', request(message(...many(101))), 'invalid_body'],
    ['XML that is no message', request('<a/>'), 'invalid_body'],
    ['201 events', callout({ events: events(201) }), 'invalid_body'],
    ['no events', callout({ events: [] }), 'invalid_body'],
    ['events that are no array', callout({ events: {} }), 'invalid_body'],
    ['201 change events', callout(Array(201).fill({})), 'invalid_body'],
    ['no change events', callout([]), 'invalid_body'],
    ['too many records', callout(Array(5).fill(changes(500)[0])), 'invalid_body'],
    ['a number', callout('1'), 'invalid_body'],
    ['no JSON', callout('{'), 'invalid_json'],
    ['a callout that says it is XML', callout('{}', 'text/xml'), 'content_type_not_supported'],
    [
      'a message that says it is JSON',
      request(message(notification()), { 'content-type': 'application/json' }),
      'content_type_not_supported',
    ],
    [
      'a message that says it is UTF-16',
      request(message(notification()), { 'content-type': 'text/xml; charset="UTF-16"' }),
      'content_type_not_supported',
    ],
  ])('are refused: %s', (_name, one, code) => {
    expect(() => bound.webhook(one)).toThrow(expect.objectContaining({ code }));
  });

  it.each(['text/xml', 'Text/XML; charset="utf-8"', 'application/soap+xml', 'application/xml', ''])(
    'are messages of the type "%s"',
    (type) => {
      const headers = type === '' ? {} : { 'content-type': type };
      expect(bound.webhook(request(message(notification()), headers)).drafts).toHaveLength(1);
    },
  );
});

describe('one request', () => {
  it('is parsed once, by verification', () => {
    const one = request(message(notification()));
    expect(bound.verify(one, [SECRET])).toEqual({ verified: true });
    // Whoever parsed again would find nothing.
    one.body.fill(0);
    expect(bound.webhook(one).drafts).toHaveLength(1);
  });

  it('is not parsed before its URL is right', () => {
    const url = `${URL}/${pathSecret('another')}`;
    const one = { ...request(message(notification())), url };
    expect(bound.verify(one, [SECRET])).toMatchObject({ reason: 'path_secret_mismatch' });
    one.body.fill(0);
    expect(() => bound.webhook(one)).toThrow(InvalidBody);
  });
});

describe('dedupe keys', () => {
  const event = (fields: object = {}) => ({
    ChangeEventHeader: {
      entityName: 'Opportunity',
      recordIds: [OPPORTUNITY],
      changeType: 'UPDATE',
      transactionKey: 'a',
      sequenceNumber: 1,
      commitTimestamp: NOW_MS,
      ...fields,
    },
  });

  it.each([
    ['commitTimestamp', NOW_MS + 1, true],
    ['commitUser', '0055g00000UsEr1', true],
    ['transactionKey', 'b', false],
    ['sequenceNumber', 2, false],
    ['recordIds', ['0065g00000XyZac'], false],
  ])('of change events: %s', (field, value, same) => {
    const one = keysOf(callout(event()));
    expect(keysOf(callout(event({ [field]: value }))).join() === one.join()).toBe(same);
  });

  it('of notifications depend on their id alone', () => {
    const keys = (...parts: Parameters<typeof notification>) =>
      keysOf(request(message(notification(...parts)))).join();
    expect(keys({ Name: 'a' })).toBe(keys({ Name: 'b' }));
    expect(keys({}, '04l5g00000AbCdE')).toBe(keys({}));
    expect(keys({}, '04l5g00000AbCde')).not.toBe(keys({}));
  });

  it('cannot be forged by text', () => {
    const text = fc.string({ unit: fc.constantFrom('|', '1', 'a'), minLength: 1, maxLength: 6 });
    const other = { operation: 'delete', object: 'Opportunity', record: { Id: OPPORTUNITY } };
    fc.assert(
      fc.property(text, text, (a, b) => {
        const ids = keysOf(
          callout({
            events: [
              { ...other, id: a },
              { ...other, id: b },
            ],
          }),
        );
        expect(ids).toHaveLength(a === b ? 1 : 2);
        const keys = [event({ transactionKey: a }), event({ transactionKey: b })];
        expect(keysOf(callout(keys))).toHaveLength(a === b ? 1 : 2);
      }),
    );
  });
});

describe('any body', () => {
  const expectValid = (draft: EventDraft) => {
    expect(draft.eventType).toMatch(EVENT_TYPE_PATTERN);
    expect(draft.entityId).toMatch(/^[A-Za-z0-9]{18}$/);
    expect(new Date(draft.occurredAtMs).toISOString()).toMatch(/^\d{4}-/);
    expect(findInexact(draft.payload)).toBeUndefined();
  };
  const field = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('Opportunity', 'Contact', OPPORTUNITY, 'UPDATE', 'delete', NOW_MS, [
      OPPORTUNITY,
    ]),
  );
  const record = (...names: string[]) =>
    fc.record(Object.fromEntries(names.map((name) => [name, field])), { requiredKeys: [] });
  const header = record(
    ...['entityName', 'recordIds', 'changeType', 'transactionKey', 'sequenceNumber'],
    ...['commitTimestamp', 'commitUser', 'nulledFields', 'changedFields'],
  );
  const change = record('Name').chain((fields) =>
    header.map((ChangeEventHeader) => ({ ...fields, ChangeEventHeader })),
  );
  const bodies = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.string(),
    fc
      .array(record('id', 'operation', 'object', 'record', 'occurred_at', 'complete', 'actor'), {
        maxLength: 6,
      })
      .map((events) => JSON.stringify({ events })),
    fc
      .array(
        fc.oneof(
          change,
          change.map((payload) => ({ payload })),
        ),
      )
      .map((one) => JSON.stringify(one)),
    change.map((payload) => JSON.stringify({ data: { payload } })),
  );

  it.each([
    ['callout', callout],
    ['message', request],
  ] as const)('of a %s gives valid drafts or a named problem, and soon', (_way, make) => {
    fc.assert(
      fc.property(bodies, (body) => {
        const one = make(body);
        const tookMs = quickestMs(() => {
          try {
            bound.webhook(one).drafts.forEach(expectValid);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
          }
        });
        expect(tookMs).toBeLessThan(SOON_MS);
        expect(bound.verify(one, [SECRET]).verified).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what a skipped item held out of the detail', () => {
    const secret = 'jane@example.com';
    const events = [
      { id: '1', operation: secret, object: 'Contact', record: {} },
      { id: '2', operation: 'delete', object: secret, record: {} },
      { id: '3', operation: 'delete', object: 'Contact', record: { Id: secret } },
    ];
    const changes = [
      { ChangeEventHeader: { entityName: secret } },
      { ChangeEventHeader: { entityName: 'Account', changeType: secret } },
    ];
    const results = [
      bound.webhook(callout({ events })),
      bound.webhook(callout(changes)),
      bound.webhook(request(message(notification({ Id: secret }), notification({}, secret)))),
    ];
    expect(results.map(({ skipped }) => skipped.length)).toEqual([3, 2, 2]);
    expect(JSON.stringify(results)).not.toContain(secret);
  });

  it('nested past all reason reaches no event', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const event = `{"id":"1","operation":"update","object":"Contact","record":{"Id":"0035g00000QwErt","x":${deep}}}`;
    expect(bound.webhook(callout(`{"events":[${event}]}`)).skipped).toHaveLength(1);
    expect(() => bound.webhook(callout(`{"events":[${event}],"y":1.5}`))).toThrow(Problem);
  });
});
