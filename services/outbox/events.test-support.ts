import fc from 'fast-check';
import { type CanonicalEvent, SCHEMA_VERSION } from '#schemas/event.ts';
import { eventId, uuidV5 } from '#schemas/event-id.ts';

const BASE_MS = Date.UTC(2026, 0, 31, 12);

/** A canonical event; `index` makes its id, entity and time of receipt. */
export function testEvent(index: number, overrides: Partial<CanonicalEvent> = {}): CanonicalEvent {
  const receivedAt = new Date(BASE_MS + index).toISOString();
  return {
    event_id: eventId('acme', 'con_1', String(index)),
    event_type: 'deal.updated',
    entity_type: 'deal',
    entity_id: String(index),
    tenant_id: 'acme',
    org_id: null,
    connection_id: 'con_1',
    provider: 'hubspot',
    occurred_at: new Date(BASE_MS - 60_000).toISOString(),
    received_at: receivedAt,
    schema_version: SCHEMA_VERSION,
    payload: { amount: '12.50', index },
    metadata: {
      trace_id: index.toString(16).padStart(32, '0'),
      source: 'webhook',
      actor: null,
      timestamp: receivedAt,
    },
    ...overrides,
  };
}

/** Ids as the product makes them: UUIDs of version 5. */
export const eventIds = fc.string().map(uuidV5);

const text = fc.string({ minLength: 1, maxLength: 256, unit: 'grapheme' });
const instant = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z') })
  .map((date) => date.toISOString());
const { json: exactJson } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger().map((value) => value + 0),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** Any canonical event whose payload JSON can carry exactly. */
export const canonicalEvents: fc.Arbitrary<CanonicalEvent> = fc
  .record({
    event_id: eventIds,
    event_type: fc.constantFrom('deal.won', 'line_item.created'),
    entity_type: fc.constantFrom('deal', 'line_item'),
    entity_id: text,
    tenant_id: text,
    org_id: fc.option(text),
    connection_id: text,
    provider: text,
    occurred_at: instant,
    received_at: instant,
    payload: fc.dictionary(fc.string(), exactJson, { maxKeys: 6, noNullPrototype: true }),
    trace_id: fc
      .bigInt({ min: 0n, max: 2n ** 128n - 1n })
      .map((n) => n.toString(16).padStart(32, '0')),
    source: fc.constantFrom('webhook', 'poll', 'replay', 'canary'),
    actor: fc.option(text),
    resolved: fc.record(
      { observation_id: eventIds, changed_fields: fc.array(text, { maxLength: 4 }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
  })
  .map(({ trace_id, source, actor, resolved, ...event }) => ({
    ...event,
    schema_version: SCHEMA_VERSION,
    metadata: { trace_id, source, actor, timestamp: event.received_at, ...resolved },
  }));
