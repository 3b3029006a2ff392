import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft, WebhookRequest } from '#adapters/kit/adapter.ts';
import { EVENT_TYPE_PATTERN } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';
import { parseExact } from '#schemas/json.ts';
import { Problem } from '#schemas/problem.ts';
import { EVENT_TYPES, SUBSCRIPTION_TYPES } from './definition.ts';
import { type HubspotSettings, settingsSchema } from './settings.ts';
import { MAX_BATCH, makeWebhook } from './webhook.ts';

// Real: all of the mapping, on bodies of the documented shapes. Nothing is doubled.

interface ExpectedDraft {
  readonly eventType: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly occurredAtMs: number;
  readonly actor: string | null;
  readonly dedupeKey?: string;
  /** The item of the body that is the payload, with `adds` added; `holds` names some fields. */
  readonly item: number;
  readonly adds?: Readonly<Record<string, unknown>>;
  readonly holds?: Readonly<Record<string, unknown>>;
}

interface Mapped {
  readonly name: string;
  readonly settings?: Partial<HubspotSettings>;
  readonly body: string;
  readonly drafts: readonly ExpectedDraft[];
  readonly skipped: readonly { readonly pointer: string; readonly reason: string }[];
}

interface Refused {
  readonly name: string;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly code: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('./vectors/events.json', import.meta.url), 'utf8'),
) as { readonly mapped: readonly Mapped[]; readonly refused: readonly Refused[] };

function map(body: string | Buffer, settings: Partial<HubspotSettings> = {}) {
  const request: WebhookRequest = {
    method: 'POST',
    url: 'https://example.com/',
    headers: {},
    body: Buffer.from(body),
    receivedAtMs: 0,
  };
  return makeWebhook(settingsSchema.parse(settings))(request);
}

function expectValid(draft: EventDraft) {
  expect(draft.eventType).toMatch(EVENT_TYPE_PATTERN);
  expect(EVENT_TYPES).toContain(draft.eventType);
  expect(draft.eventType.split('.')[0]).toBe(draft.entityType);
  expect(draft.entityId).toMatch(/^.{1,256}$/);
  expect(new Date(draft.occurredAtMs).toISOString()).toMatch(/^\d{4}-/);
  expect(findInexact(draft.payload)).toBeUndefined();
}

describe('the mapping', () => {
  it.each(vectors.mapped)('$name', ({ settings, body, drafts, skipped }) => {
    const items = parseExact(body) as Record<string, unknown>[];
    const result = map(body, settings);
    expect(result.skipped.map(({ pointer, reason }) => ({ pointer, reason }))).toEqual(skipped);
    expect(result.drafts).toEqual(
      drafts.map(({ item, adds, holds, dedupeKey, ...draft }) => ({
        ...draft,
        dedupeKey: dedupeKey ?? expect.any(String),
        payload: { ...items[item], ...adds, ...holds },
      })),
    );
    expect(new Set(result.drafts.map((draft) => draft.dedupeKey)).size).toBe(drafts.length);
    result.drafts.forEach(expectValid);
  });

  it.each(vectors.refused)('refuses $name', ({ body, bodyBase64, code }) => {
    const bytes = body === undefined ? Buffer.from(bodyBase64 ?? '', 'base64') : Buffer.from(body);
    expect(() => map(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it('has a case for every subscription type, and they make every event type', () => {
    const bodies = vectors.mapped.map(({ body }) => body).join('\n');
    const untested = [...SUBSCRIPTION_TYPES.keys()].filter((type) => !bodies.includes(`"${type}"`));
    expect(untested).toEqual([]);
    const made = new Set(vectors.mapped.flatMap(({ drafts }) => drafts.map((d) => d.eventType)));
    const custom = ['custom_object.associated', 'custom_object.dissociated'];
    expect(EVENT_TYPES.filter((type) => !made.has(type))).toEqual(custom);
  });

  it('takes a full batch', () => {
    const items = Array.from({ length: MAX_BATCH }, (_, index) =>
      notification({ objectId: index + 1 }),
    );
    expect(map(JSON.stringify(items)).drafts).toHaveLength(MAX_BATCH);
  });

  it('keeps what a skipped item held out of the detail', () => {
    const secret = 'jane@example.com';
    const items = [
      { subscriptionType: secret },
      notification({ objectId: secret }),
      notification({ portalId: secret }),
      notification({ occurredAt: secret }),
    ];
    const { skipped } = map(JSON.stringify(items));
    expect(skipped).toHaveLength(items.length);
    expect(JSON.stringify(skipped)).not.toContain(secret);
  });
});

const notification = (fields: Record<string, unknown> = {}) => ({
  eventId: 1,
  subscriptionId: 2,
  portalId: 3,
  appId: 4,
  occurredAt: 1_700_000_000_000,
  subscriptionType: 'deal.propertyChange',
  attemptNumber: 0,
  objectId: 5,
  propertyName: 'amount',
  propertyValue: '12.50',
  ...fields,
});

const keysOf = (...items: unknown[]) =>
  map(JSON.stringify(items)).drafts.map((draft) => draft.dedupeKey);

describe('the dedupe key', () => {
  it.each([
    ['attemptNumber', 7],
    ['subscriptionId', 7],
    ['appId', 7],
    ['changeSource', 'API'],
    ['unheardOf', true],
  ])('does not depend on %s', (field, value) => {
    expect(keysOf(notification({ [field]: value }))).toEqual(keysOf(notification()));
  });

  it.each([
    ['eventId', 7],
    ['portalId', 7],
    ['occurredAt', 7],
    ['objectId', 7],
    ['propertyName', 'closedate'],
    ['subscriptionType', 'ticket.propertyChange'],
  ])('depends on %s', (field, value) => {
    expect(keysOf(notification({ [field]: value }))).not.toEqual(keysOf(notification()));
  });

  it.each([
    ['fromObjectId', 7],
    ['toObjectId', 7],
    ['associationRemoved', true],
    ['isPrimaryAssociation', true],
    ['associationType', 'DEAL_TO_COMPANY'],
    ['associationTypeId', 7],
    ['fromObjectTypeId', '0-1'],
    ['toObjectTypeId', '0-2'],
  ])('of an association depends on %s', (field, value) => {
    const association = notification({
      subscriptionType: 'object.associationChange',
      fromObjectTypeId: '0-3',
      toObjectTypeId: '0-1',
      associationTypeId: 3,
      associationType: 'DEAL_TO_CONTACT',
      fromObjectId: 1,
      toObjectId: 2,
      associationRemoved: false,
      isPrimaryAssociation: false,
    });
    expect(keysOf({ ...association, [field]: value })).not.toEqual(keysOf(association));
  });

  it('is the same however a retry groups the notifications', () => {
    const some = fc.array(
      fc.record({ objectId: fc.integer({ min: 1, max: 9 }), eventId: fc.nat(9) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(some, fc.nat(), (fields, cut) => {
        const items = fields.map(notification);
        const at = cut % items.length;
        const retried = items.map((item) => ({ ...item, attemptNumber: 1 }));
        const regrouped = [...keysOf(...retried.slice(at)), ...keysOf(...retried.slice(0, at))];
        expect(new Set(regrouped)).toEqual(new Set(keysOf(...items)));
      }),
    );
  });

  it('cannot be forged by text: no two notifications spell one key', () => {
    const text = fc.string({ unit: fc.constantFrom('|', '1', 'a'), maxLength: 6 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [first, second] = keysOf(
          notification({ propertyName: one }),
          notification({ propertyName: other }),
        );
        expect(second === undefined).toBe(one === other);
        expect(first).not.toBe(second);
      }),
    );
  });
});

describe('any body', () => {
  const notJson = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const anyJson = fc.json({ maxDepth: 6 });
  const field = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.integer({ min: 1 }), fc.constant('0-3'));
  const alike = fc
    .array(
      fc.record(
        {
          subscriptionType: fc.constantFrom(...SUBSCRIPTION_TYPES.keys()),
          portalId: fc.oneof(fc.constant(33), field),
          occurredAt: fc.oneof(fc.nat(), field),
          objectId: field,
          objectTypeId: field,
          propertyName: field,
          primaryObjectId: field,
          mergedObjectIds: fc.oneof(fc.array(field), field),
          newObjectId: field,
          fromObjectId: field,
          toObjectId: field,
          fromObjectTypeId: field,
          associationType: field,
          messageId: field,
          sourceId: field,
        },
        { requiredKeys: ['subscriptionType'] },
      ),
    )
    .map((items) => JSON.stringify(items));

  it.each([
    ['of bytes', notJson],
    ['of JSON', anyJson],
    ['of items almost like notifications', alike],
  ] as const)('%s gives valid drafts or a named problem', (_kind, bodies) => {
    fc.assert(
      fc.property(bodies as fc.Arbitrary<string | Buffer>, (body) => {
        try {
          map(body).drafts.forEach(expectValid);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
  });

  it('nested past all reason neither fails nor reaches an event', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const item = JSON.stringify(notification()).slice(0, -1);
    expect(map(deep).drafts).toEqual([]);
    expect(map(`[${item},"x":${deep}}]`).skipped).toHaveLength(1);
    // A decimal makes the parser walk the document, which then is too deep for it.
    expect(() => map(`[${item},"x":${deep},"y":1.5}]`)).toThrow(Problem);
  });
});
