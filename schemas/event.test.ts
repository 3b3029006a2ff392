import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { v5 as uuidOracle } from 'uuid';
import { describe, expect, it } from 'vitest';
import { eventAttributes, orderingKey } from './cloudevents.ts';
import { type CanonicalEvent, eventSchema } from './event.ts';
import { EVENT_NAMESPACE, eventId, uuidV5 } from './event-id.ts';
import { eventJsonSchema } from './json-schema.ts';

const event: CanonicalEvent = {
  event_id: eventId('acme', 'con_1', 'deal/1'),
  event_type: 'deal.won',
  entity_type: 'deal',
  entity_id: '9007199254740993',
  tenant_id: 'acme',
  org_id: null,
  connection_id: 'con_1',
  provider: 'hubspot',
  occurred_at: '2026-11-02T09:30:00.123Z',
  received_at: '2026-11-02T09:30:01.000Z',
  schema_version: '1.0',
  payload: { amount: '1500.10', portal_id: 33, tags: ['a', null, true], deep: { rate: '0.075' } },
  metadata: {
    trace_id: '0123456789abcdef0123456789abcdef',
    source: 'webhook',
    actor: null,
    timestamp: '2026-11-02T09:30:01.000Z',
  },
};

const refused: readonly { name: string; change: object; path: string }[] = [
  { name: 'a decimal', change: { payload: { a: { b: [1, 2.5] } } }, path: 'payload.a.b.1' },
  { name: 'an unsafe integer', change: { payload: { a: 2 ** 53 } }, path: 'payload.a' },
  { name: 'minus zero', change: { payload: { a: -0 } }, path: 'payload.a' },
  {
    name: 'an infinite number',
    change: { payload: { a: Number.POSITIVE_INFINITY } },
    path: 'payload.a',
  },
  { name: 'a value that is not JSON', change: { payload: { a: 1n } }, path: 'payload.a' },
  { name: 'an event type without a verb', change: { event_type: 'deal' }, path: 'event_type' },
  { name: 'an empty entity id', change: { entity_id: '' }, path: 'entity_id' },
  {
    name: 'a time without a zone',
    change: { occurred_at: '2026-11-02T09:30:00' },
    path: 'occurred_at',
  },
  { name: 'an unknown member', change: { colour: 'red' }, path: '' },
  {
    name: 'an id that is not version 5',
    change: { event_id: 'a5a8a3c2-6a4e-4d8e-9a55-7f0d2a4b7a10' },
    path: 'event_id',
  },
];

describe('canonical event', () => {
  it('accepts a complete event', () => {
    expect(eventSchema.parse(event)).toEqual(event);
  });

  it.each(refused)('refuses $name and names the path', ({ change, path }) => {
    const result = eventSchema.safeParse({ ...event, ...change });
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.path.join('.')).toBe(path);
  });

  it('refuses nesting past the bound', () => {
    let payload: Record<string, unknown> = {};
    for (let depth = 0; depth < 100; depth += 1) payload = { payload };
    expect(eventSchema.safeParse({ ...event, payload }).success).toBe(false);
  });
});

describe('JSON Schema of the event', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const validate = ajv.compile(eventJsonSchema());

  it('is the generated file; run `npm run generate` when it is not', () => {
    const file = new URL('./generated/event.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(eventJsonSchema());
  });

  it('accepts what the code accepts', () => {
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(refused.filter(({ name }) => !['minus zero', 'a value that is not JSON'].includes(name)))(
    'refuses $name too',
    ({ change }) => {
      expect(validate({ ...event, ...change })).toBe(false);
    },
  );
});

describe('event id', () => {
  it('is UUIDv5, as an independent library makes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        // Lone surrogates have no UTF-8 form; both sides replace them.
        const text = name.toWellFormed();
        expect(uuidV5(text)).toBe(uuidOracle(text, EVENT_NAMESPACE));
      }),
    );
  });

  it('never changes', () => {
    expect(eventId('acme', 'con_1', 'deal/1')).toBe('af44ccfb-ace2-51fa-903d-71d52327b076');
  });

  it('tells apart whatever is split differently', () => {
    const part = fc.string({ maxLength: 6 });
    fc.assert(
      fc.property(part, part, part, part, part, part, (a, b, c, d, e, f) => {
        fc.pre(a !== d || b !== e || c !== f);
        expect(eventId(a, b, c)).not.toBe(eventId(d, e, f));
      }),
    );
  });
});

describe('CloudEvents attributes', () => {
  it('name the event for readers that see no body', () => {
    expect(eventAttributes(event)).toEqual({
      contentType: 'application/json',
      'ce-specversion': '1.0',
      'ce-id': event.event_id,
      'ce-source': '/tenants/acme/connections/con_1',
      'ce-type': 'deal.won',
      'ce-subject': 'deal/9007199254740993',
      'ce-time': '2026-11-02T09:30:00.123Z',
      event_id: event.event_id,
      event_type: 'deal.won',
      tenant_id: 'acme',
      connection_id: 'con_1',
      provider: 'hubspot',
      trace_id: '0123456789abcdef0123456789abcdef',
      received_at: event.received_at,
    });
  });

  it('carry the organisation when there is one', () => {
    expect(eventAttributes({ ...event, org_id: 'north' }).org_id).toBe('north');
  });

  it('order by connection and entity', () => {
    expect(orderingKey(event)).toBe('con_1/deal/9007199254740993');
  });
});
