import { describe, expect, it } from 'vitest';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { Account, CHANGE_TYPES, PING, type SandboxChange } from './account.ts';

// Real: the account. The clock is fixed.

const center = {
  organizationId: '33333333-3333-4333-8333-333333333333',
  centerId: '44444444-4444-4444-8444-444444444444',
};
const account = (seed: number) =>
  new Account({ center, random: seededRandom(seed), nowMs: () => 1_785_000_000_123 });
const changes = (of: Account, count: number, type?: string) =>
  Array.from({ length: count }, () => of.change(type));
const textOf = (of: readonly SandboxChange[]) => JSON.stringify(of);

describe('the account', () => {
  it('changes the same way for the same seed, and another way for another', () => {
    expect(textOf(changes(account(7), 500))).toBe(textOf(changes(account(7), 500)));
    expect(textOf(changes(account(7), 500))).not.toBe(textOf(changes(account(8), 500)));
  });

  it.each(CHANGE_TYPES)('can change by %s, also when it is empty', (type) => {
    expect(account(1).change(type)).toMatchObject({ type });
  });

  it('makes every kind of change by itself, but for the test button', () => {
    const made = new Set(changes(account(2), 3_000).map(({ type }) => type));
    expect([...made].sort()).toEqual(CHANGE_TYPES.filter((type) => type !== PING).toSorted());
  });

  it('gives every change an id of its own, and the verbs by turns', () => {
    const made = changes(account(3), 2_000);
    expect(new Set(made.map(({ eventId }) => eventId)).size).toBe(2_000);
    for (const { eventId } of made) expect(eventId).toMatch(/^[0-9a-f]{24}$/);
    expect(made.slice(0, 4).map(({ method }) => method)).toEqual(['POST', 'PUT', 'PATCH', 'POST']);
  });

  it('takes groups from one status to the next, and completes an appointment once', () => {
    const made = changes(account(4), 5_000);
    const statuses = new Map<unknown, unknown[]>();
    const completed = new Set<unknown>();
    for (const { type, data } of made) {
      if (type === 'AppointmentGroup.Status') {
        const before = statuses.get(data.appointment_group_id) ?? [];
        statuses.set(data.appointment_group_id, [...before, data.appointment_group_status]);
      }
      if (type !== 'Appointment.Completed') continue;
      const [appointment] = data.appointments as [{ id: unknown }];
      expect(completed).not.toContain(appointment.id);
      completed.add(appointment.id);
    }
    expect(completed.size).toBeGreaterThan(200);
    const ways = new Set([...statuses.values()].map((way) => way.join(' ')));
    expect([...ways]).toEqual(expect.arrayContaining(['-1', '4 -2', '4 2 1']));
    // What is closed, cancelled or missed stays so.
    for (const way of statuses.values()) {
      expect(way.slice(0, -1).some((status) => [1, -1, -2].includes(status as number))).toBe(false);
    }
  });

  it('spells decimals with their zeros', () => {
    const sold = textOf(changes(account(5), 200, 'Guest.Membership.Created'));
    expect(sold).toMatch(/"sales":\d+\.\d0[,}]/);
  });

  it('keeps records of what it told', () => {
    const one = account(6);
    const sold = changes(one, 3, 'Guest.Membership.Created');
    expect(one.records()).toMatchObject({
      memberships: sold.map(({ data }) => ({ id: data.user_membership_id, state: 'active' })),
    });
  });
});
