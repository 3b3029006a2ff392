import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoundAdapter, EventDraft } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import type { KnownEntity, Observation } from '#adapters/kit/resolution.ts';
import { hubspotAdapter } from './adapter.ts';
import { RENEWALS } from './pipelines.test-support.ts';
import { settingsSchema } from './settings.ts';

// Real: mapping and resolution. Doubled: the platform between the two. What a single notification
// becomes stands in vectors/canonical.json; here is what must hold for all of them.

const T0 = 1_762_075_800_123;
const direct = hubspotAdapter.bind(settingsSchema.parse({}));
const observing = hubspotAdapter.bind(settingsSchema.parse({ deal_pipelines: [RENEWALS] }));

const requestOf = (items: readonly unknown[]) => ({
  method: 'POST',
  url: 'https://hooks.example.com/webhooks/hubspot/con_1',
  headers: {},
  body: Buffer.from(JSON.stringify(items)),
  receivedAtMs: T0,
});
const draftsOf = (bound: BoundAdapter, items: readonly unknown[]) =>
  bound.webhook(requestOf(items)).drafts;
const take = (receiver: Receiver, item: unknown) => receiver.take(requestOf([item])).events;

const notification = (fields: Record<string, unknown>) => ({
  eventId: 1,
  portalId: 3,
  occurredAt: T0,
  subscriptionType: 'deal.propertyChange',
  attemptNumber: 0,
  objectId: 5,
  ...fields,
});
const move = (propertyValue: string, occurredAt: number) =>
  notification({
    propertyName: 'dealstage',
    propertyValue,
    occurredAt,
    eventId: occurredAt - T0 + 1,
  });

const id = fc.integer({ min: 1, max: 4 });
const anyNotification = fc
  .record({
    subscriptionType: fc.constantFrom(
      'deal.creation',
      'deal.restore',
      'deal.deletion',
      'deal.propertyChange',
      'deal.merge',
      'deal.associationChange',
      'object.propertyChange',
      'object.merge',
      'contact.propertyChange',
    ),
    objectTypeId: fc.constantFrom('0-3', '0-1'),
    eventId: fc.nat(99_999),
    occurredAt: fc.integer({ min: T0, max: T0 + 5 }),
    objectId: id,
    propertyName: fc.constantFrom('dealstage', 'amount', 'pipeline'),
    propertyValue: fc.constantFrom('closedwon', 'closedlost', '1043986', '1043980', '12.50'),
    primaryObjectId: id,
    mergedObjectIds: fc.array(id, { maxLength: 3 }),
    newObjectId: fc.option(id),
    fromObjectId: id,
    toObjectId: id,
    associationRemoved: fc.boolean(),
  })
  .map((fields) => ({ ...notification({}), ...fields }));

const isOutcome = (type: string) => type === 'deal.won' || type === 'deal.lost';

describe('resolution', () => {
  it('gives the events of the direct mapping, won and lost apart', () => {
    fc.assert(
      fc.property(fc.array(anyNotification, { minLength: 1, maxLength: 20 }), (items) => {
        const told = (bound: BoundAdapter) =>
          new Receiver(bound)
            .take(requestOf(items))
            .events.filter(({ event_type }) => !isOutcome(event_type))
            .map(({ changed_fields, ...event }) => event);
        expect(told(observing)).toEqual(told(direct));
      }),
    );
  });

  it('gives all of them at first sight, in the default pipeline', () => {
    fc.assert(
      fc.property(anyNotification, (item) => {
        fc.pre(item.propertyValue !== '1043986');
        const types = (bound: BoundAdapter) =>
          take(new Receiver(bound), item).map(({ event_type }) => event_type);
        expect(types(observing)).toEqual(types(direct));
      }),
    );
  });

  it('tells outcomes in turn: of the moves in their order, none repeats the one before', () => {
    const stages = fc.constantFrom('1043980', '1043986', '1043989', '1043987', '1043988');
    fc.assert(
      fc.property(fc.array(stages, { maxLength: 30 }), (moves) => {
        const receiver = new Receiver(observing);
        const outcomeOf = (stage: string | undefined) =>
          stage === '1043987' ? 'deal.lost' : stage?.match(/104398[69]/) ? 'deal.won' : undefined;
        moves.forEach((stage, index) => {
          const types = take(receiver, move(stage, T0 + index)).map((event) => event.event_type);
          const outcome = outcomeOf(stage);
          const tells = outcome !== undefined && outcome !== outcomeOf(moves[index - 1]);
          expect(types).toEqual(['deal.updated', ...(tells ? [outcome] : [])]);
        });
      }),
    );
  });

  it('leaves what else is known of a deal, and keeps no value of it', () => {
    const known: KnownEntity = {
      version: T0 - 1,
      fields: { amount: 'abc' },
      facts: { created: true, outcome: 'open' },
    };
    const { resolve } = observing;
    const result = resolve?.(observationOf(move('1043986', T0)), known, { connectedAtMs: 0 });
    expect(result?.known).toEqual({
      version: T0,
      fields: { amount: 'abc' },
      facts: { created: true, outcome: 'won', stage: '1043986' },
    });
    const other = notification({ propertyName: 'amount', propertyValue: '12.50' });
    const unmoved = resolve?.(observationOf(other), known, { connectedAtMs: 0 });
    expect(unmoved?.known).toBeUndefined();
  });

  it('is there for observations that are older than a change of the settings', () => {
    const observed = observationOf(move('closedwon', T0));
    const result = direct.resolve?.(observed, undefined, { connectedAtMs: 0 });
    expect(result?.events.map(({ eventType }) => eventType)).toEqual(['deal.updated', 'deal.won']);
  });

  it('takes a name that is too long for a list of changed fields', () => {
    const item = notification({ propertyName: 'x'.repeat(257), propertyValue: '1' });
    expect(take(new Receiver(observing), item)).toMatchObject([
      { event_type: 'deal.updated', changed_fields: null },
    ]);
  });

  it('makes nothing of what it cannot read', () => {
    const observation = { ...observationOf(move('1043986', T0)), payload: { portalId: 'x' } };
    const result = observing.resolve?.(observation, undefined, { connectedAtMs: 0 });
    expect(result).toEqual({ events: [], note: 'unreadable' });
  });
});

describe('an observation', () => {
  it('is one per notification of a deal, of the object it is about', () => {
    const merge = notification({
      subscriptionType: 'deal.merge',
      primaryObjectId: 5,
      mergedObjectIds: [6, 7],
      newObjectId: 8,
    });
    const [observed, ...others] = draftsOf(observing, [merge]);
    expect(others).toEqual([]);
    expect(observed).toMatchObject({
      eventType: 'deal.observed',
      entityType: 'deal',
      entityId: '8',
      occurredAtMs: T0,
      payload: merge,
    });
  });

  it('has one id for all retries, and never that of a direct event', () => {
    fc.assert(
      fc.property(anyNotification, fc.nat(10), (item, attemptNumber) => {
        const keysOf = (drafts: readonly EventDraft[]) => drafts.map(({ dedupeKey }) => dedupeKey);
        const keys = keysOf(draftsOf(observing, [item]));
        expect(keysOf(draftsOf(observing, [{ ...item, attemptNumber }]))).toEqual(keys);
        const isDeal = draftsOf(direct, [item])[0]?.entityType === 'deal';
        const directKeys = keysOf(draftsOf(direct, [item]));
        if (isDeal) for (const key of keys) expect(directKeys).not.toContain(key);
        else expect(keys).toEqual(directKeys);
      }),
    );
  });
});

function observationOf(item: unknown): Observation {
  const [draft] = draftsOf(observing, [item]);
  if (draft === undefined) throw new Error('no observation');
  return {
    event_id: '00000000-0000-5000-8000-000000000000',
    event_type: draft.eventType,
    entity_type: draft.entityType,
    entity_id: draft.entityId,
    occurred_at: new Date(draft.occurredAtMs).toISOString(),
    payload: draft.payload,
  };
}
