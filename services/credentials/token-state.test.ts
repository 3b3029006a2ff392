import { describe, expect, it } from 'vitest';
import type { CredentialRow } from './credential-row.ts';
import { judge, problemOf, retryDelaySeconds, type Verdict } from './token-state.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const inSeconds = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

function testRow(overrides: Partial<CredentialRow> = {}): CredentialRow {
  return {
    connectionId: 'con_1',
    tenantId: 'acme',
    orgId: null,
    kind: 'oauth2',
    secretRef: 'ref',
    version: 4,
    expiresAt: inSeconds(3_600),
    scopesRequested: [],
    scopesGranted: [],
    lastUsedAt: null,
    lastRefreshedAt: null,
    refreshCount: 0,
    refreshStartedAt: null,
    failures: 0,
    retryAt: null,
    failure: null,
    failureDetail: null,
    connection: { id: 'con_1', tenantId: 'acme', provider: 'hubspot', settings: {} },
    now: NOW,
    ...overrides,
  };
}

const cases: readonly {
  name: string;
  row?: Partial<CredentialRow>;
  refused?: number;
  verdict: Verdict;
}[] = [
  { name: 'an hour left', verdict: 'use' },
  { name: 'a minute left', row: { expiresAt: inSeconds(60) }, verdict: 'use' },
  { name: 'less than a minute left', row: { expiresAt: inSeconds(59) }, verdict: 'refresh' },
  { name: 'ended', row: { expiresAt: inSeconds(-1) }, verdict: 'refresh' },
  { name: 'no end known', row: { expiresAt: null }, verdict: 'use' },
  { name: 'refused, no end known', row: { expiresAt: null }, refused: 4, verdict: 'refresh' },
  { name: 'refused with an hour left', refused: 4, verdict: 'refresh' },
  { name: 'an older version was refused', refused: 3, verdict: 'use' },
  {
    name: 'refused though it is new',
    row: { lastRefreshedAt: inSeconds(-59) },
    refused: 4,
    verdict: 'refused',
  },
  {
    name: 'refused a minute after it was refreshed',
    row: { lastRefreshedAt: inSeconds(-60) },
    refused: 4,
    verdict: 'refresh',
  },
  {
    name: 'refused, new and ended: its life is short',
    row: { lastRefreshedAt: inSeconds(-30), expiresAt: inSeconds(-1) },
    refused: 4,
    verdict: 'refresh',
  },
  { name: 'an API key', row: { kind: 'api_key', expiresAt: null }, verdict: 'use' },
  {
    name: 'an API key past the end that was noted: the provider decides',
    row: { kind: 'api_key', expiresAt: inSeconds(-1) },
    verdict: 'use',
  },
  { name: 'a refused API key', row: { kind: 'api_key' }, refused: 4, verdict: 'refused' },
  {
    name: 'not to be tried yet, still good',
    row: { failure: 'x', retryAt: inSeconds(1), expiresAt: inSeconds(1) },
    verdict: 'use',
  },
  {
    name: 'not to be tried yet, ended',
    row: { failure: 'x', retryAt: inSeconds(1), expiresAt: inSeconds(0) },
    verdict: 'wait',
  },
  {
    name: 'not to be tried yet, refused',
    row: { failure: 'x', retryAt: inSeconds(1) },
    refused: 4,
    verdict: 'wait',
  },
  {
    name: 'to be tried again',
    row: { failure: 'x', retryAt: inSeconds(0), expiresAt: inSeconds(1) },
    verdict: 'refresh',
  },
  { name: 'given up, an hour left', row: { failure: 'x' }, verdict: 'failed' },
];

describe('what is done for a caller', () => {
  it.each(cases)('$name → $verdict', ({ row, refused, verdict }) => {
    expect(judge(testRow(row), { refused, leastLeftMs: 60_000 })).toBe(verdict);
  });
});

describe('what a caller is told', () => {
  it('says when to come back', () => {
    const row = testRow({ failureDetail: 'The provider answered 503.', retryAt: inSeconds(12.3) });
    expect(problemOf(row, 'wait')).toMatchObject({
      code: 'provider_unavailable',
      message: 'The provider answered 503.',
      retryAfterSeconds: 13,
    });
  });

  it('repeats why somebody has to authenticate', () => {
    const row = testRow({ failureDetail: 'It was revoked.' });
    expect(problemOf(row, 'failed')).toMatchObject({
      code: 'credentials_refused',
      message: 'It was revoked.',
    });
  });
});

describe('waits between refreshes that fail', () => {
  it('are 30 s, 60 s, 120 s… up to an hour, and up to a quarter longer', () => {
    const failures = [1, 2, 3, 4, 5, 6, 7, 8, 9, 2_000];
    expect(failures.map((count) => retryDelaySeconds(count, 0))).toEqual([
      30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600,
    ]);
    expect(retryDelaySeconds(1, 1)).toBe(37.5);
    expect(retryDelaySeconds(100, 1)).toBe(3_600);
  });

  it('are as long as the provider asks for, up to an hour', () => {
    expect(retryDelaySeconds(1, 0, 90)).toBe(90);
    expect(retryDelaySeconds(3, 0, 90)).toBe(120);
    expect(retryDelaySeconds(1, 0, 86_400)).toBe(3_600);
  });
});
