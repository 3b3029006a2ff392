// Every adapter against the bodies its provider sends: `adapters/{provider}/vectors/canonical.json`.
// Real: the mapping, and the resolution of observations. Doubled: the platform between the two.
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { type EventVector, readVectors } from '#adapters/kit/conformance/vectors.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { EVENT_TYPE_PATTERN, isObservation } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';

const adapters = [...adaptersByProvider().values()];

/** A time of receipt for bodies that state none. */
const RECEIVED_AT_MS = Date.UTC(2026, 0, 31, 12);

describe.each(adapters)('$provider', (adapter) => {
  const vectors = readVectors<readonly EventVector[]>(adapter.provider, 'canonical.json');

  const play = (vector: EventVector) => {
    const { settings = {}, method = 'POST', url_tail = '', headers = {}, before = [] } = vector;
    const bound = adapter.bind(adapter.settingsSchema.parse(settings));
    const receiver = new Receiver(bound);
    const request = (one: unknown): WebhookRequest => ({
      method,
      url: `https://hooks.example.com/webhooks/${adapter.provider}/con_1${url_tail}`,
      headers,
      body: Buffer.from(typeof one === 'string' ? one : JSON.stringify(one)),
      receivedAtMs: RECEIVED_AT_MS,
    });
    for (const one of before) receiver.take(request(one));
    return receiver.take(request(vector.body));
  };

  it.each(vectors)('$name', (vector) => {
    const { events, skipped } = play(vector);
    // Only what the vector states is compared, of payloads too.
    expect(events).toMatchObject(vector.events);
    expect(events).toHaveLength(vector.events.length);
    expect(skipped.map(({ pointer, reason }) => [pointer, reason])).toEqual(vector.skipped ?? []);
    for (const { reason } of skipped) expect(adapter.skipReasons).toContain(reason);
    for (const event of events) {
      expect(event.event_type).toMatch(EVENT_TYPE_PATTERN);
      expect(isObservation(event.event_type)).toBe(false);
      expect(findInexact(event.payload)).toBeUndefined();
    }
  });

  it('makes every event type it declares, and no other', () => {
    const made = new Set(vectors.flatMap(({ events }) => events.map((event) => event.event_type)));
    const { eventTypes, polledEventTypes = [] } = adapter;
    if (eventTypes.includes('*')) return;
    const byWebhook = eventTypes.filter((type) => !polledEventTypes.includes(type));
    expect([...made].sort()).toEqual([...byWebhook].sort());
  });

  it('keeps decimals exact in at least one event', () => {
    const payloads = JSON.stringify(vectors.flatMap(({ events }) => events));
    expect(payloads).toMatch(/"\d+\.\d*0"/);
  });
});
