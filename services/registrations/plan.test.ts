import { describe, expect, it } from 'vitest';
import { isDue, planSteps, retryDelayMs } from './plan.ts';
import type { Registration } from './registration.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const target = { secretVersion: 1, url: 'https://hooks.example.com/webhooks/zoho/con_1' };

function row(overrides: Partial<Registration> = {}): Registration {
  return {
    id: 'r',
    connectionId: 'con_1',
    tenantId: 'acme',
    orgId: null,
    resource: 'Deals',
    externalId: '1',
    state: 'active',
    expiresAtMs: NOW + 5 * DAY,
    renewedAtMs: NOW - DAY,
    failures: 0,
    retryAtMs: null,
    failure: null,
    failureDetail: null,
    registered: target,
    createdAtMs: NOW - DAY,
    ...overrides,
  };
}

const ending = { expiresAtMs: NOW + 2 * DAY, renewedAtMs: NOW - 4 * DAY };

describe('what has to be done', () => {
  const cases: readonly [name: string, rows: Registration[], steps: string[], all?: string[]][] = [
    ['with nothing registered', [], ['register Deals']],
    ['with what is sound', [row()], [], ['renew Deals']],
    ['with what never expires', [row({ expiresAtMs: null })], [], ['renew Deals']],
    ['in the last third of a life', [row(ending)], ['renew Deals']],
    ['with what has expired', [row({ expiresAtMs: NOW - 1 })], ['renew Deals']],
    [
      'while what is due waits for its next attempt',
      [row({ ...ending, retryAtMs: NOW + 1 })],
      [],
      ['renew Deals'],
    ],
    ['once that time has come', [row({ ...ending, retryAtMs: NOW })], ['renew Deals']],
    [
      'with one that was cut off before the answer',
      [row({ state: 'pending', renewedAtMs: null, expiresAtMs: null })],
      ['register Deals'],
    ],
    [
      'with one that was refused',
      [row({ state: 'failed', renewedAtMs: null, retryAtMs: NOW + HOUR })],
      [],
      ['register Deals'],
    ],
    [
      'with one that was refused hours ago',
      [row({ state: 'failed', renewedAtMs: null, retryAtMs: NOW - 1 })],
      ['register Deals'],
    ],
    [
      'with one that could not be extended',
      [row({ state: 'failed', retryAtMs: NOW - 1 })],
      ['renew Deals'],
    ],
    [
      'after a rotation of the secret',
      [row({ registered: { ...target, secretVersion: 2 } })],
      ['renew Deals'],
    ],
    [
      'after a move of the server',
      [row({ registered: { ...target, url: 'https://old.example.com' } })],
      ['renew Deals'],
    ],
    [
      'with what is not wanted',
      [row(), row({ resource: 'Leads' })],
      ['remove Leads'],
      ['remove Leads', 'renew Deals'],
    ],
    [
      'while a removal waits',
      [row(), row({ resource: 'Leads', retryAtMs: NOW + 1 })],
      [],
      ['remove Leads', 'renew Deals'],
    ],
  ];
  it.each(cases)('%s', (_name, rows, expected, all = expected) => {
    const plan = (everything: boolean) =>
      planSteps({ wanted: ['Deals'], rows, target, nowMs: NOW, all: everything }).map(
        ({ kind, resource }) => `${kind} ${resource}`,
      );
    expect(plan(false)).toEqual(expected);
    expect(plan(true)).toEqual(all);
  });

  it('does not look at the target where it is not known', () => {
    const rows = [row({ registered: {} })];
    const input = { wanted: ['Deals'], rows, nowMs: NOW };
    expect(planSteps({ ...input, target: undefined })).toEqual([]);
    expect(planSteps({ ...input, target })).toHaveLength(1);
  });
});

it.each([
  ['a life of six days, with two and a second left', 6 * DAY, 2 * DAY + 1_000, false],
  ['a life of six days, with two left', 6 * DAY, 2 * DAY, true],
  ['a life of an hour, at its beginning', HOUR, HOUR, true],
  ['a life of two hours, with more than one left', 2 * HOUR, HOUR + 1, false],
  ['a life of two hours, with one left', 2 * HOUR, HOUR, true],
  ['a life that is over', DAY, -DAY, true],
])('%s is due: %#', (_name, lifeMs, leftMs, due) => {
  const expiresAtMs = NOW + leftMs;
  expect(isDue(row({ expiresAtMs, renewedAtMs: expiresAtMs - lifeMs }), NOW)).toBe(due);
});

it('attempts are a minute apart at first, an hour at last, and never sooner than was asked for', () => {
  const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 50].map((failures) => retryDelayMs(failures) / 60_000);
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(retryDelayMs(1, 900)).toBe(900_000);
  expect(retryDelayMs(3, 1)).toBe(240_000);
});
