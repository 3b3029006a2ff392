import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft, WebhookRequest } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { findInexact } from '#schemas/exact.ts';
import { Problem } from '#schemas/problem.ts';
import { zohoAdapter } from './adapter.ts';
import { MAX_IDS } from './definition.ts';
import { settingsSchema } from './settings.ts';

// Real: all of the mapping. Nothing is doubled. Bodies of the documented shapes: vectors/.

const TOKEN = 'k3Yc7-pP0wQv9bTn2LxHd5RsUgEaJmZf';
const URL = withPathSecret('https://hooks.example.com/webhooks/zoho/con_1', TOKEN);
const bound = zohoAdapter.bind(settingsSchema.parse({}));
const JSON_TYPE = { 'content-type': 'application/json' };
const WORKFLOW = { ...JSON_TYPE, 'x-tributary-token': TOKEN };
const FORM = {
  'content-type': 'application/x-www-form-urlencoded',
  'x-tributary-token': TOKEN,
};

function requestOf(body: unknown, headers: WebhookRequest['headers'] = JSON_TYPE): WebhookRequest {
  const bytes =
    typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : JSON.stringify(body);
  return {
    method: 'POST',
    url: URL,
    headers,
    body: Buffer.from(bytes),
    receivedAtMs: 1_768_472_431_000,
  };
}

const map = (body: unknown, headers?: WebhookRequest['headers']) =>
  bound.webhook(requestOf(body, headers));

const notification = (fields: Record<string, unknown> = {}) => ({
  server_time: 1_768_472_430_123,
  module: 'Deals',
  operation: 'update',
  ids: ['1'],
  affected_fields: [],
  channel_id: '7',
  token: TOKEN,
  ...fields,
});

const workflow = (fields: Record<string, unknown> = {}) => ({
  module: 'Deals',
  operation: 'update',
  id: '1',
  Modified_Time: '2026-01-15T10:20:30+00:00',
  ...fields,
});

function expectValid(draft: EventDraft) {
  expect(draft.eventType).toBe(`${draft.entityType}.observed`);
  expect(draft.entityId).toMatch(/^\d{1,25}$/);
  expect(new Date(draft.occurredAtMs).toISOString()).toMatch(/^\d{4}-/);
  expect(findInexact(draft.payload)).toBeUndefined();
}

describe('a body of which nothing can be used', () => {
  it.each([
    ['no JSON', '{', 'invalid_json'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid_json'],
    ['a list', [notification()], 'invalid_body'],
    ['null', 'null', 'invalid_body'],
    ['no module', notification({ module: undefined }), 'invalid_body'],
    ['a module that is no text', notification({ module: 7 }), 'invalid_body'],
    ['no operation', notification({ operation: undefined }), 'invalid_body'],
    ['no ids', notification({ ids: undefined }), 'invalid_body'],
    ['ids as text', notification({ ids: '1,2' }), 'invalid_body'],
    ['too many ids', notification({ ids: Array(MAX_IDS + 1).fill('1') }), 'invalid_body'],
    ['no time', notification({ server_time: undefined }), 'invalid_body'],
    ['a time in the year 11476', notification({ server_time: 3e14 }), 'invalid_body'],
    ['a time before 1970', notification({ server_time: -1 }), 'invalid_body'],
    ['a time as a date', notification({ server_time: '2026-01-15' }), 'invalid_body'],
    ['a shared field nested too deep', notification({ x: nested(70) }), 'invalid_body'],
    [
      'a shared field too long to stand in a thousand events',
      notification({ x: 'x'.repeat(5_000), ids: Array.from(Array(MAX_IDS).keys()) }),
      'invalid_body',
    ],
  ])('is refused in a notification: %s', (_name, body, code) => {
    expect(() => map(body)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['no JSON', 'module=Deals', WORKFLOW, 'invalid_json'],
    ['a list', [workflow()], WORKFLOW, 'invalid_body'],
    ['XML', '<x/>', { ...WORKFLOW, 'content-type': 'text/xml' }, 'content_type_not_supported'],
    [
      'a form in parts',
      '--x',
      { ...WORKFLOW, 'content-type': 'multipart/form-data; boundary=x' },
      'content_type_not_supported',
    ],
    ['no id', workflow({ id: undefined }), WORKFLOW, 'invalid_body'],
    ['too many ids', workflow({ ids: '1,'.repeat(MAX_IDS) }), WORKFLOW, 'invalid_body'],
    ['too many ids in a list', workflow({ ids: Array(1_001).fill('1') }), WORKFLOW, 'invalid_body'],
    ['a form field twice', 'module=Deals&operation=edit&id=1&id=2', FORM, 'invalid_body'],
    ['too many form fields', `module=Deals${'&a'.repeat(200)}`, FORM, 'invalid_body'],
    ['a form that is not UTF-8', Buffer.from([0x61, 0x3d, 0xff]), FORM, 'invalid_json'],
    ['values nested too deep', workflow({ x: nested(70) }), WORKFLOW, 'invalid_body'],
  ])('is refused in a workflow webhook: %s', (_name, body, headers, code) => {
    expect(() => map(body, headers)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the payload', () => {
  it('never holds the token, nor the query of the notify URL', () => {
    const body = notification({ query_params: { key: 'hidden' } });
    const { drafts } = map(body);
    expect(JSON.stringify(drafts)).not.toContain(TOKEN);
    expect(JSON.stringify(drafts)).not.toContain('hidden');
    const told = map(workflow({ token: TOKEN }), WORKFLOW).drafts;
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain(TOKEN);
  });

  it('takes a full list of ids, and a form of as many fields as allowed', () => {
    const ids = Array.from({ length: MAX_IDS }, (_, index) => String(index));
    expect(map(notification({ ids })).drafts).toHaveLength(MAX_IDS);
    const fields = Array.from({ length: 197 }, (_, index) => `&F${index}=1`).join('');
    const { drafts } = map(`module=Deals&operation=edit&id=1${fields}`, FORM);
    expect(Object.keys(drafts[0]?.payload.values ?? {})).toHaveLength(197);
  });

  it('keeps what a skipped item held out of the detail', () => {
    const secret = 'jane@example.com';
    const skipped = [
      ...map(notification({ module: secret })).skipped,
      ...map(notification({ operation: secret })).skipped,
      ...map(notification({ ids: [secret] })).skipped,
    ];
    expect(skipped).toHaveLength(3);
    expect(JSON.stringify(skipped)).not.toContain(secret);
  });

  it('is the same whether the request was verified before or not', () => {
    const text = JSON.stringify(notification()).replace('"7"', '1105420521999070702');
    const request = requestOf(text);
    expect(bound.verify(request, [TOKEN])).toEqual({ verified: true });
    expect(bound.webhook(request)).toEqual(map(text));
    expect(bound.webhook(request).drafts[0]?.payload.channel_id).toBe('1105420521999070702');
  });
});

const keyOf = (body: unknown, headers?: WebhookRequest['headers']) =>
  map(body, headers).drafts[0]?.dedupeKey;

describe('the dedupe key', () => {
  it.each([
    ['affected_values', [{ record_id: '1', values: { a: 1 } }]],
    ['affected_fields', [{ 1: ['a'] }]],
    ['token', 'another'],
    ['resource_uri', 'x'],
    ['operation', 'edit'],
  ])('of a notification does not depend on %s', (field, value) => {
    expect(keyOf(notification({ [field]: value }))).toBe(keyOf(notification()));
  });

  it.each([
    ['server_time', 7],
    ['channel_id', '8'],
    ['module', 'Contacts'],
    ['operation', 'delete'],
    ['ids', ['2']],
  ])('of a notification depends on %s', (field, value) => {
    expect(keyOf(notification({ [field]: value }))).not.toBe(keyOf(notification()));
  });

  it.each([
    ['id', '2'],
    ['module', 'Contacts'],
    ['operation', 'delete'],
    ['Modified_Time', '2026-01-15T10:20:31+00:00'],
  ])('of a workflow webhook depends on %s', (field, value) => {
    expect(keyOf(workflow({ [field]: value }), WORKFLOW)).not.toBe(keyOf(workflow(), WORKFLOW));
  });

  it('of a workflow webhook is of the time, however it is spelled, or else of the bytes', () => {
    const key = keyOf(workflow(), WORKFLOW);
    const elsewhere = workflow({ Modified_Time: '2026-01-15T15:50:30+05:30', Stage: 'x' });
    expect(keyOf(elsewhere, WORKFLOW)).toBe(key);
    const timeless = workflow({ Modified_Time: undefined });
    expect(keyOf(timeless, WORKFLOW)).toBe(keyOf(timeless, WORKFLOW));
    expect(keyOf({ ...timeless, Stage: 'x' }, WORKFLOW)).not.toBe(keyOf(timeless, WORKFLOW));
  });

  it('is the same however a list of ids is cut', () => {
    const keys = (ids: readonly string[]) =>
      map(notification({ ids })).drafts.map(({ dedupeKey }) => dedupeKey);
    const some = fc.uniqueArray(fc.nat().map(String), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(some, fc.nat(), (ids, cut) => {
        const at = cut % ids.length;
        expect([...keys(ids.slice(0, at)), ...keys(ids.slice(at))]).toEqual(keys(ids));
      }),
    );
  });
});

describe('any body', () => {
  const any = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('Deals', 'update', '1', 1));
  const names = [
    'server_time',
    'server',
    'module',
    'operation',
    'ids',
    'id',
    'affected_fields',
    'affected_values',
    'channel_id',
    'token',
    'Modified_Time',
    '__proto__',
  ];
  const alike = fc
    .array(fc.tuple(fc.constantFrom(...names), any), { maxLength: 8 })
    .map((fields) =>
      JSON.stringify({ ...notification(), ...workflow(), ...Object.fromEntries(fields) }),
    );

  it.each([
    ['of bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
    ['of JSON', fc.json({ maxDepth: 6 })],
    ['almost like one of the two', alike],
  ] as const)('%s gives valid drafts or a named problem', (_kind, bodies) => {
    fc.assert(
      fc.property(bodies as fc.Arbitrary<string | Buffer>, (body) => {
        for (const headers of [JSON_TYPE, WORKFLOW, FORM]) {
          const request = requestOf(body, headers);
          const { verified } = bound.verify(request, [TOKEN]);
          expect(typeof verified).toBe('boolean');
          mapOrRefuse(request).forEach(expectValid);
        }
      }),
    );
  });

  const filler = 'x'.repeat(500_000);
  const manyValues = Array.from({ length: 2_000 }, () => ({ record_id: '1', values: { a: 1.5 } }));
  it.each([
    [
      'values of one record, named a thousand times',
      notification({
        ids: Array(1_000).fill('1'),
        affected_values: [{ record_id: '1', values: { x: filler } }],
      }),
      JSON_TYPE,
    ],
    [
      'values of one record in thousands of parts',
      notification({ affected_values: manyValues }),
      JSON_TYPE,
    ],
    [
      'a long field beside a thousand ids',
      notification({ ids: Array.from(Array(1_000).keys()), x: filler }),
      JSON_TYPE,
    ],
    [
      'nesting past all reason',
      `{"token":"${TOKEN}","a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      JSON_TYPE,
    ],
    ['decimals, from somebody without the token', `[${'1.5,'.repeat(200_000)}1]`, JSON_TYPE],
    ['commas', workflow({ ids: ','.repeat(500_000) }), WORKFLOW],
    ['a form of ampersands', '&'.repeat(1_000_000), FORM],
    ['a form of escapes', '%'.repeat(1_000_000), FORM],
    ['a time of digits', workflow({ Modified_Time: '1'.repeat(500_000) }), WORKFLOW],
    ['an id of digits', notification({ ids: ['1'.repeat(500_000)] }), JSON_TYPE],
    ['an operation of letters', notification({ operation: 'İ'.repeat(200_000) }), JSON_TYPE],
    ['ten megabytes', 'x'.repeat(10_000_000), JSON_TYPE],
  ])('that is hostile takes no time: %s', (_name, body, headers) => {
    const timesMs = Array.from({ length: 5 }, () => {
      const request = requestOf(body, headers);
      const start = process.threadCpuUsage();
      const { verified } = bound.verify(request, [TOKEN]);
      if (verified) mapOrRefuse(request);
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1000;
    });
    // The best of some, and of this thread alone: the machine may be busy, but a slow algorithm is
    // slow each time.
    expect(Math.min(...timesMs)).toBeLessThan(50);
  });
});

/** Whether or not verification let it through: the mapping stands on its own feet. */
function mapOrRefuse(request: WebhookRequest): readonly EventDraft[] {
  try {
    return bound.webhook(request).drafts;
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    return [];
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}
