import { describe, expect, it } from 'vitest';
import type { KnownEntity, Observation } from '#adapters/kit/resolution.ts';
import { MAX_KNOWN } from './group-state.ts';
import { resolve } from './resolve.ts';

// Real: the resolution. What stands in canonical.json is not repeated here.

const GROUP = '22222222-2222-4222-8222-222222222222';
const MEMBERSHIP = '01192853-a6b5-4ff4-b299-e36b9efe61ac';
const GUEST = '55555555-5555-4555-8555-555555555555';
const context = { connectedAtMs: 0 };

const guid = (index: number) => `66666666-6666-4666-8666-${index.toString(16).padStart(12, '0')}`;

/** @param at second of the event; undefined for a body without envelope */
function observe(event_type: string, data: object, at?: number, of = 'appointment_group') {
  const stated = at !== undefined && {
    event_timestamp: `2026-07-25T14:00:${String(at).padStart(2, '0')}.1234567Z`,
  };
  return {
    event_id: '00000000-0000-5000-8000-000000000000',
    event_type: `${of}.observed`,
    entity_type: of,
    entity_id: of === 'membership' ? MEMBERSHIP : GROUP,
    occurred_at: '2026-07-25T14:00:00.000Z',
    payload: { event_type, ...stated, data },
  } satisfies Observation;
}

const created = (ids: readonly number[], at?: number) =>
  observe('AppointmentGroup.Created', { appointments: ids.map((id) => ({ id: guid(id) })) }, at);
const status = (appointment_group_status: unknown, at?: number) =>
  observe('AppointmentGroup.Status', { appointment_group_status }, at);
const progress = (appointment_progress: number, at?: number) =>
  observe('Appointment.Completed', { appointments: [{ id: guid(1), appointment_progress }] }, at);
const membership = (change: string, at?: number, data: object = {}) =>
  observe(`Guest.Membership.${change}`, data, at, 'membership');

/** Resolves one observation after another; what is known goes through JSON, as when it is stored. */
function play(...observations: readonly Observation[]) {
  let known: KnownEntity | undefined;
  return observations.map((observation) => {
    const resolution = resolve(observation, known, context);
    known = resolution.known && (JSON.parse(JSON.stringify(resolution.known)) as KnownEntity);
    const types = resolution.events.map((event) => event.eventType);
    return { types, note: resolution.note, known, events: resolution.events };
  });
}

const last = (...observations: readonly Observation[]) => {
  const { types, note } = play(...observations).at(-1) ?? {};
  return [types, note];
};

describe('appointments of a group', () => {
  it.each([
    ['told again', [created([1], 1), created([1], 2)], [], 'unchanged'],
    [
      'told first by its progress',
      [progress(1, 2), created([1], 1)],
      ['appointment.updated'],
      undefined,
    ],
    ['told late', [created([1], 2), created([1], 1)], [], 'stale'],
    ['a status late', [created([1], 1), status(4, 3), status(2, 2)], [], 'stale'],
    ['a status twice', [status(-1, 1), status(-1, 2)], [], 'unchanged'],
    [
      'a status twice, of a known one',
      [created([1], 1), status(-1, 2), status(-1, 3)],
      [],
      'unchanged',
    ],
    ['a status behind its progress', [created([1], 1), progress(2, 3), status(-1, 2)], [], 'stale'],
    [
      'the same, where the group may have others',
      [progress(2, 3), status(-1, 2)],
      ['appointment_group.cancelled'],
      undefined,
    ],
    ['no status at all', [created([1], 1), status(null, 2)], ['appointment.updated'], undefined],
    ['a status in text', [created([1], 1), status('-2', 2)], ['appointment.no_show'], undefined],
    ['a status without time', [created([1], 1), status(-1)], ['appointment.cancelled'], undefined],
    [
      'back to life, and cancelled again',
      [created([1], 1), status(-1, 2), status(0, 3), status(-1, 4)],
      ['appointment.cancelled'],
      undefined,
    ],
    ['progress late', [progress(2, 3), progress(1, 2)], [], 'stale'],
    ['progress without times', [progress(2), progress(1)], [], 'stale'],
    ['progress again', [progress(2, 2), progress(2, 3)], [], 'unchanged'],
    ['begun again', [progress(2, 2), progress(1, 3)], ['appointment.updated'], undefined],
    [
      'completed after the cancelled status',
      [created([1], 1), status(-1, 2), progress(2, 3)],
      ['appointment.completed'],
      undefined,
    ],
    ['completed before it, told after', [status(-1, 3), progress(2, 2)], [], 'stale'],
    [
      'created in the same millisecond as the status',
      [status(-2, 2), created([1], 2)],
      ['appointment.created', 'appointment.no_show'],
      undefined,
    ],
    [
      'created late, after another status',
      [status(4, 2), created([1], 1)],
      ['appointment.created'],
      undefined,
    ],
    ['created without a time', [status(-1, 2), created([1])], ['appointment.created'], undefined],
  ] as const)('%s', (_name, observations, types, note) => {
    expect(last(...observations)).toEqual([types, note]);
  });

  it('past those that are remembered get their events all the same', () => {
    const ids = Array.from({ length: MAX_KNOWN + 50 }, (_, index) => index);
    const [all, cancelled, again] = play(created(ids, 1), status(-1, 2), status(-1, 3));
    expect(all?.types).toHaveLength(MAX_KNOWN + 50);
    // The group speaks for the ones that are not remembered.
    expect(cancelled?.types).toHaveLength(MAX_KNOWN + 1);
    expect(cancelled?.types.at(-1)).toBe('appointment_group.cancelled');
    expect(again?.note).toBe('unchanged');
    expect(JSON.stringify(all?.known).length).toBeLessThan(40_000);
  });

  it('are remembered by ids, numbers and hashes alone', () => {
    const data = {
      guest: { email: 'ada@example.com' },
      appointments: [{ id: guid(1), service_name: 'Massage for Ada' }],
    };
    const [{ known } = {}] = play(observe('AppointmentGroup.Created', data, 1));
    expect(JSON.stringify(known)).not.toMatch(/ada|massage/i);
    expect(known?.version).toBe(Date.UTC(2026, 6, 25, 14, 0, 1, 123));
  });

  it('stand alone in their payload', () => {
    const [{ events = [] } = {}] = play(created([1, 2], 1));
    expect(events[1]?.extra).toEqual({
      appointment_id: guid(2),
      appointment: { id: guid(2) },
      data: { appointments: [{ id: guid(2) }] },
    });
  });
});

describe('a membership', () => {
  const sold = membership('Created', 1, { guest_id: GUEST });
  it.each([
    ['frozen', [sold, membership('Freeze', 2)], ['membership.frozen', 'member.updated'], undefined],
    [
      'frozen before it was sold',
      [membership('Freeze', 2), sold],
      ['membership.created', 'member.updated'],
      undefined,
    ],
    ['sold twice', [sold, membership('Created', 3)], [], 'unchanged'],
    ['thawed late', [sold, membership('Freeze', 3), membership('Unfreeze', 2)], [], 'stale'],
    [
      'frozen twice at once',
      [sold, membership('Freeze', 2), membership('Freeze', 2)],
      [],
      'unchanged',
    ],
    [
      'frozen for longer',
      [sold, membership('Freeze', 2), membership('Freeze', 3)],
      ['membership.frozen', 'member.updated'],
      undefined,
    ],
    [
      'frozen at no time',
      [sold, membership('Freeze'), membership('Freeze')],
      ['membership.frozen', 'member.updated'],
      undefined,
    ],
    ['of nobody', [membership('Cancelled', 1)], ['membership.cancelled'], undefined],
  ] as const)('%s', (_name, observations, types, note) => {
    expect(last(...observations)).toEqual([types, note]);
  });

  it('passes to another guest, and stays there', () => {
    const other = guid(9);
    const steps = play(
      sold,
      membership('Reinstate', 3, { guest_id: other }),
      membership('Freeze', 2, { guest_id: GUEST }),
      membership('Freeze', 4),
    );
    expect(steps.map(({ events }) => events[1]?.entityId)).toEqual([
      GUEST,
      other,
      undefined,
      other,
    ]);
  });

  it('learns its guest from an event that is too old to tell anything else', () => {
    const late = membership('Freeze', 2, { guest_id: GUEST });
    const steps = play(membership('Unfreeze', 3), late, membership('Cancelled', 4));
    expect(steps[1]?.note).toBe('stale');
    expect(steps[2]?.types).toEqual(['membership.cancelled', 'member.updated']);
  });
});

it('an observation by an unknown event makes nothing', () => {
  expect(resolve(observe('Guest.Levitated', {}), undefined, context)).toEqual({
    events: [],
    note: 'unknown_type',
  });
});
