import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft, WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { parseJsonBody } from '#adapters/kit/json-body.ts';
import { EVENT_TYPE_PATTERN } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { Problem } from '#schemas/problem.ts';
import { zenotiAdapter } from './adapter.ts';
import { EVENT_TYPES, EVENTS, SKIP_REASONS } from './definition.ts';
import { MAX_APPOINTMENTS } from './infer-type.ts';
import { settingsSchema } from './settings.ts';

// Real: all of the mapping and of the resolution. Doubled: the platform between the two.

const GROUP = '22222222-2222-4222-8222-222222222222';
const GUEST = '55555555-5555-4555-8555-555555555555';
const RECEIVED_AT_MS = 1_785_000_000_123;
const bound = zenotiAdapter.bind(settingsSchema.parse({}));

function requestOf(body: string | Buffer, headers = {}): WebhookRequest {
  return {
    method: 'POST',
    url: 'https://hooks.example.com/webhooks/zenoti/con_1',
    headers,
    body: Buffer.from(body),
    receivedAtMs: RECEIVED_AT_MS,
  };
}

const map = (body: unknown, headers = {}) =>
  bound.webhook(requestOf(typeof body === 'string' ? body : JSON.stringify(body), headers));

const guid = (index: number) => `66666666-6666-4666-8666-${index.toString(16).padStart(12, '0')}`;
const appointments = (count: number, fields = {}) =>
  Array.from({ length: count }, (_, index) => ({ id: guid(index), ...fields }));
const group = (data: Record<string, unknown>) => ({
  event_id: 'e1',
  event_type: 'AppointmentGroup.Created',
  event_timestamp: '2026-07-25T14:52:06.7694171Z',
  data,
});

describe('a body', () => {
  it('that is empty makes nothing, whatever its content type', () => {
    expect(map('', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual({
      drafts: [],
      skipped: [],
    });
  });

  it.each([
    ['no JSON', 'hello', 'invalid_json'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'invalid_json'],
    ['an array', '[{"event_type":"Guest.Created"}]', 'invalid_body'],
    ['null', 'null', 'invalid_body'],
    ['text', '"Guest.Created"', 'invalid_body'],
  ])('of %s is refused', (_name, body, code) => {
    expect(() => bound.webhook(requestOf(body))).toThrow(expect.objectContaining({ code }));
  });

  it('of a form is refused', () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(() => map('a=b', headers)).toThrow(
      expect.objectContaining({ code: 'content_type_not_supported' }),
    );
  });

  it('nested past what a payload may be is skipped', () => {
    const deep = `${'['.repeat(70)}${']'.repeat(70)}`;
    const typed = (type: string, data: string) => `{"event_type":"${type}","data":${data}}`;
    const beside = `{"appointment_group_id":"${GROUP}","x":${deep},"appointments":[{"id":"${GUEST}"}]}`;
    for (const body of [
      typed('Guest.Created', `{"id":"${GUEST}","x":${deep}}`),
      typed('AppointmentGroup.Created', beside),
      typed('AppointmentGroup.Status', beside),
    ]) {
      expect(map(body)).toMatchObject({ drafts: [], skipped: [{ reason: 'invalid_item' }] });
    }
    const within = `{"appointment_group_id":"${GROUP}","appointments":[{"id":"${GUEST}","x":${deep}},{"id":"${GROUP}"}]}`;
    expect(map(typed('AppointmentGroup.Created', within))).toMatchObject({
      drafts: [{ payload: { data: { appointments: [{ id: GROUP }] } } }],
      skipped: [{ pointer: '/data/appointments/0', reason: 'invalid_item' }],
    });
  });

  it('keeps what it held out of the detail', () => {
    const secret = 'jane@example.com';
    const bodies = [
      { event_type: secret, data: {} },
      { event_type: 'Guest.Created', data: { id: secret } },
      group({ appointment_group_id: GROUP, appointments: [{ id: secret }, secret] }),
      { event_type: 'AppointmentGroup.Status', data: { appointment_group_id: secret } },
    ];
    const skipped = bodies.flatMap((body) => map(body).skipped);
    expect(skipped).toHaveLength(5);
    expect(JSON.stringify(skipped)).not.toContain(secret);
  });
});

describe('the size of a group', () => {
  it('may be large: each appointment makes one event of its own size', () => {
    const receiver = new Receiver(bound);
    const data = { appointment_group_id: GROUP, appointments: appointments(MAX_APPOINTMENTS) };
    const { events } = receiver.take(requestOf(JSON.stringify(group(data))));
    expect(events).toHaveLength(MAX_APPOINTMENTS);
    expect(JSON.stringify(events[4_999]).length).toBeLessThan(1_000);
  });

  it.each([
    ['too many appointments', { appointments: appointments(MAX_APPOINTMENTS + 1) }],
    ['much beside many', { appointments: appointments(500), x: 'x'.repeat(20_000) }],
  ])('is bounded: %s are skipped', (_name, fields) => {
    expect(map(group({ appointment_group_id: GROUP, ...fields }))).toMatchObject({
      drafts: [],
      skipped: [{ reason: 'invalid_item' }],
    });
  });

  it('of a status is bounded, for each known appointment gets all of it', () => {
    const data = { appointment_group_id: GROUP, x: 'x'.repeat(100_000) };
    const { skipped } = map({ event_type: 'AppointmentGroup.Status', data });
    expect(skipped).toMatchObject([{ reason: 'invalid_item' }]);
  });
});

describe('the dedupe key', () => {
  const keyOf = (fields: Record<string, unknown>) =>
    map({ id: 'c', event_id: 'e', event_type: 'Guest.Updated', data: { id: GUEST }, ...fields })
      .drafts[0]?.dedupeKey;

  it.each([
    ['id', { id: 'd' }],
    ['event_timestamp', { event_timestamp: '2026-07-25T14:52:06Z' }],
    ['another spelling of the type', { event_type: 'guest updated' }],
    ['the case of the guest', { data: { id: GUEST.toUpperCase() } }],
  ])('does not depend on %s', (_name, fields) => {
    expect(keyOf(fields)).toBe(keyOf({}));
  });

  it.each([
    ['event_id', { event_id: 'f' }],
    ['event_type', { event_type: 'Guest.Deleted' }],
    ['the entity', { data: { id: GROUP } }],
    ['id where there is no event_id', { event_id: null }],
    ['the body where there is no id', { event_id: '', id: 'x'.repeat(300) }],
  ])('depends on %s', (_name, fields) => {
    expect(keyOf(fields)).not.toBe(keyOf({}));
  });

  it('cannot be forged by text: no two events spell one key', () => {
    const text = fc.string({ unit: fc.constantFrom('|', 'event', 'call', 'e'), maxLength: 4 });
    const ids = fc.record({ id: text, event_id: text });
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const same = one.event_id === '' ? one.id === other.id : true;
        const equal = one.event_id === other.event_id && same;
        // Without either id the whole body counts, and these differ in nothing else.
        expect(keyOf(one) === keyOf(other)).toBe(equal);
      }),
    );
  });
});

function expectValid(draft: EventDraft) {
  expect(draft.eventType).toMatch(EVENT_TYPE_PATTERN);
  expect(draft.eventType.split('.')[0]).toBe(draft.entityType);
  expect(draft.entityId).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Date(draft.occurredAtMs).toISOString()).toMatch(/^\d{4}-/);
  expect(findInexact(draft.payload)).toBeUndefined();
}

describe('any body', () => {
  const field = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(GROUP, GUEST, GUEST.toUpperCase(), guid(0), -1, -2, 1, 2, '2', null),
    fc.constantFrom('2026-07-25T14:52:06.7694171Z', '2026-07-25T14:52:06', '0001-01-01T00:00:00'),
  );
  const appointment = fc.record(
    { id: field, appointment_progress: field, last_updated_on: field },
    { requiredKeys: [] },
  );
  const data = fc.record(
    {
      id: field,
      user_membership_id: field,
      guest_id: field,
      appointment_group_id: field,
      appointment_group_status: field,
      appointments: fc.oneof(fc.array(appointment, { maxLength: 4 }), fc.array(field), field),
      freeze: field,
      cancel: field,
      invoice: field,
      center: field,
      center_id: field,
      organization_id: field,
      last_updated_on: field,
    },
    { requiredKeys: [] },
  );
  const enveloped = fc.record(
    {
      id: field,
      event_id: field,
      event_type: fc.oneof(fc.constantFrom(...EVENTS.map(({ name }) => name)), field),
      event_timestamp: field,
      data: fc.oneof({ weight: 9, arbitrary: data }, field),
    },
    { requiredKeys: ['data'] },
  );

  it.each([
    ['of bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
    ['of JSON', fc.json({ maxDepth: 6 })],
    ['almost like an event', enveloped.map((body) => JSON.stringify(body))],
    ['almost like data', data.map((body) => JSON.stringify(body))],
  ] as const)('%s gives valid drafts or a named problem', (_kind, bodies) => {
    fc.assert(
      fc.property(bodies as fc.Arbitrary<string | Buffer>, (body) => {
        try {
          const { drafts, skipped } = bound.webhook(requestOf(body));
          drafts.forEach(expectValid);
          for (const { reason } of skipped) expect(SKIP_REASONS).toContain(reason);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
  });

  it('resolves to events that the adapter declares, in any order', () => {
    const bodies = fc.array(fc.oneof(enveloped, data), { maxLength: 12 });
    fc.assert(
      fc.property(bodies, (several) => {
        const receiver = new Receiver(bound);
        for (const body of several) {
          for (const event of receiver.take(requestOf(JSON.stringify(body))).events) {
            expect(EVENT_TYPES).toContain(event.event_type);
            expect(event.event_type.split('.')[0]).toBe(event.entity_type);
            expect(event.entity_id).toMatch(/^[0-9a-f-]{36}$/);
            expect(findInexact(event.payload)).toBeUndefined();
          }
        }
      }),
    );
  });

  const MIB = 1024 * 1024;
  const filled = (unit: string) => unit.repeat(Math.floor(MIB / unit.length)).slice(0, -1);
  it.each([
    ['of appointments without ids', `{"appointments":[${filled('{},')}]}`],
    ['of appointments in a group', JSON.stringify(group({ appointments: appointments(15_000) }))],
    ['of the longest event type', `{"event_type":"${'Guest.'.repeat(170_000)}","data":{}}`],
    ['of spaces for an id', `{"event_type":"Guest.Created","data":{"id":"${' '.repeat(MIB)}"}}`],
    ['of a time without end', `{"data":{"freeze":{},"last_updated_on":"${'2'.repeat(MIB)}"}}`],
    [
      'of much beside few appointments',
      JSON.stringify(group({ appointments: appointments(40), x: 'x'.repeat(MIB) })),
    ],
    ['nested past all reason', `{"data":${'['.repeat(MIB / 2)}${']'.repeat(MIB / 2)}}`],
  ])('as large as the server takes one, %s, costs at most 50 ms beyond parsing', (_name, body) => {
    const request = requestOf(body);
    const timed = (work: () => void) => {
      const start = performance.now();
      work();
      return performance.now() - start;
    };
    const runs = Array.from({ length: 5 }, () => {
      const parsingMs = timed(() => parseJsonBody(request.body));
      return timed(() => bound.webhook(request)) - parsingMs;
    });
    // The best of five: the machine may be busy with something else.
    expect(Math.min(...runs)).toBeLessThan(50);
  });
});
