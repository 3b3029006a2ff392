import { describe, expect, it } from 'vitest';
import { eventAttributes } from '#schemas/cloudevents.ts';
import { testEvent } from '../outbox/events.test-support.ts';
import { carriedEvent } from './carried-event.ts';

/** Pure: messages as anyone who may publish could write them. */
const event = testEvent(1);
const attributes = JSON.stringify(eventAttributes(event));
const data = JSON.stringify(event);
const message = { publish_time: '2026-01-31T12:00:00.000Z', data, attributes };
const other = testEvent(2);

describe('the event of a message', () => {
  it('is what the message holds', () => {
    expect(carriedEvent(message)).toEqual({ event });
  });

  it.each([
    { name: 'no body', change: { data: null }, reason: 'not_json' },
    { name: 'no JSON', change: { data: 'jane@example.com' }, reason: 'not_json' },
    { name: 'no object', change: { data: '"text"' }, reason: 'not_json' },
    { name: 'an object of another kind', change: { data: '{"a":1}' }, reason: 'not_an_event' },
    {
      name: 'an inexact number',
      change: { data: data.replace('"12.50"', '12.5') },
      reason: 'not_an_event',
    },
    {
      name: 'a field that the envelope does not have',
      change: { data: data.replace('{', '{"more":1,') },
      reason: 'not_an_event',
    },
    {
      name: 'another event than its attributes say',
      change: { data: JSON.stringify(other) },
      reason: 'another_event',
    },
    {
      name: "another tenant's event",
      change: { data: JSON.stringify({ ...event, tenant_id: 'other' }) },
      reason: 'another_tenant',
    },
  ])('is refused where there is $name', ({ change, reason }) => {
    expect(carriedEvent({ ...message, ...change })).toEqual({ reason, tenantId: 'acme' });
  });

  it.each([
    { name: 'none', attributes: null },
    { name: 'no JSON', attributes: '{' },
    { name: 'a number as id', attributes: '{"event_id":1,"tenant_id":2}' },
  ])('is refused where the attributes are $name', ({ attributes: text }) => {
    expect(carriedEvent({ ...message, attributes: text })).toEqual({
      reason: 'another_event',
      tenantId: null,
    });
  });
});
