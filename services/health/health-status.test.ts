// How well a connection is, told from facts alone.
import { describe, expect, it } from 'vitest';
import { CLOSED } from './circuit.ts';
import { type HealthFacts, healthOf } from './health-status.ts';

const NOW = 1_000_000_000;
const MINUTE = 60_000;

const facts = (overrides: Partial<HealthFacts> = {}): HealthFacts => ({
  nowMs: NOW,
  status: 'active',
  statusReason: null,
  statusDetail: null,
  isDisconnected: false,
  circuit: CLOSED,
  nextCheckAtMs: NOW + MINUTE,
  lastCheckAtMs: NOW - MINUTE,
  lastOutcome: 'ok',
  lastCode: null,
  latestFailed: 0,
  lastHour: { checks: 12, failed: 0 },
  ...overrides,
});
const failed = { lastOutcome: 'failed', lastCode: 'provider_unavailable' } as const;
const credentials = { status: 'error', statusReason: 'credentials_refused' } as const;

describe('a connection', () => {
  it.each([
    { name: 'whose checks succeed', given: facts(), status: 'healthy', reason: '' },
    {
      name: 'whose last check failed',
      given: facts({ ...failed, latestFailed: 1, lastHour: { checks: 12, failed: 1 } }),
      status: 'degraded',
      reason: 'The last check failed: provider_unavailable.',
    },
    {
      name: 'that failed within the hour',
      given: facts({ latestFailed: 2, lastHour: { checks: 12, failed: 3 } }),
      status: 'degraded',
      reason: '3 of 12 checks in the last hour failed.',
    },
    {
      name: 'whose last three checks failed',
      given: facts({ ...failed, latestFailed: 3, status: 'error', statusReason: 'health' }),
      status: 'failing',
      reason: 'The last 3 checks failed: provider_unavailable.',
    },
    {
      name: 'whose circuit is open',
      given: facts({ circuit: { state: 'open', failuresInARow: 6, sinceMs: NOW } }),
      status: 'failing',
      reason: 'The provider did not answer 6 times in a row.',
    },
    {
      name: 'whose credentials are refused, whatever checks say',
      given: facts({ ...credentials, statusDetail: 'The token was revoked.' }),
      status: 'failing',
      reason: 'The token was revoked.',
    },
    {
      name: 'in error without details, and never checked',
      given: facts({ ...credentials, lastCheckAtMs: null, lastOutcome: null }),
      status: 'failing',
      reason: 'The connection is in error: credentials_refused.',
    },
    {
      name: 'that is disabled',
      given: facts({ status: 'inactive', ...failed, latestFailed: 3 }),
      status: 'unknown',
      reason: 'The connection is disabled.',
    },
    {
      name: 'that is disconnected',
      given: facts({ isDisconnected: true }),
      status: 'unknown',
      reason: 'The connection is disconnected.',
    },
    {
      name: 'that was never checked',
      given: facts({ lastCheckAtMs: null, lastOutcome: null }),
      status: 'unknown',
      reason: 'There has been no check yet.',
    },
    {
      name: 'that cannot be checked',
      given: facts({ lastOutcome: null }),
      status: 'unknown',
      reason:
        'There is nothing to check by: the provider has no API for it, or the connection no credentials.',
    },
    {
      name: 'that nobody checks any more',
      given: facts({ nextCheckAtMs: NOW - 11.5 * MINUTE }),
      status: 'unknown',
      reason: 'A check has been due for 11 min. See whether the worker runs.',
    },
    {
      name: 'that is due',
      given: facts({ nextCheckAtMs: NOW - 9 * MINUTE }),
      status: 'healthy',
      reason: '',
    },
  ])('$name is $status', ({ given, status, reason }) => {
    expect(healthOf(given)).toEqual({ status, reason });
  });
});
