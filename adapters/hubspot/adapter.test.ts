import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '#schemas/problems.ts';
import { hubspotAdapter } from './adapter.ts';
import { settingsSchema } from './settings.ts';

const secret = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';
const url = 'https://hooks.example.com/webhooks/hubspot/con_1';

function sample(name: string, settings: unknown = {}, sequence = 0) {
  const parsed = settingsSchema.parse(settings);
  const nowMs = 1_762_075_800_123;
  const request = hubspotAdapter.sample({ name, settings: parsed, secret, url, nowMs, sequence });
  const bound = hubspotAdapter.bind(parsed);
  return { verdict: bound.verify(request, [secret]), result: bound.webhook(request) };
}

describe('samples', () => {
  it.each(hubspotAdapter.samples)('%s is verified and makes its event', (name) => {
    const { verdict, result } = sample(name);
    expect(verdict).toEqual({ verified: true });
    expect(result.skipped).toEqual([]);
    expect(result.drafts.map((draft) => draft.eventType)).toContain(name);
  });

  it.each([
    ['a target URL', { target_url: 'https://www.example.com/hooks%2Fa?b=c' }],
    ['an account', { portal_id: '42' }],
    ['an account past what a double holds', { portal_id: '9007199254740993' }],
    ['an account as a number', { portal_id: 42 }],
  ])('fit settings with %s', (_name, settings) => {
    const { verdict, result } = sample('deal.won', settings);
    expect(verdict).toEqual({ verified: true });
    expect(result.drafts.map((draft) => draft.eventType)).toEqual(['deal.updated', 'deal.won']);
  });

  it('differ from call to call', () => {
    const keyOf = (sequence: number) =>
      sample('deal.won', {}, sequence).result.drafts[0]?.dedupeKey;
    expect(keyOf(1)).not.toBe(keyOf(2));
  });

  it.each(['deal.levitated', 'toString'])('there is none named %s', (name) => {
    expect(() => sample(name)).toThrow(InvalidRequest);
  });
});

describe('settings', () => {
  it('need nothing', () => {
    expect(settingsSchema.parse({})).toEqual({
      allow_signature_versions: ['v3'],
      future_skew_seconds: 60,
      api_base_url: 'https://api.hubapi.com',
    });
  });

  it('keep the target URL as typed', () => {
    const target_url = 'https://EXAMPLE.com:443/a%2fb/../c?d=1&a=';
    expect(settingsSchema.parse({ target_url }).target_url).toBe(target_url);
  });

  it.each([
    ['a target URL of another scheme', { target_url: 'ftp://example.com/' }],
    ['a target URL that is none', { target_url: 'example.com' }],
    ['versions without v3', { allow_signature_versions: ['v1'] }],
    ['no versions', { allow_signature_versions: [] }],
    ['an unknown version', { allow_signature_versions: ['v3', 'v4'] }],
    ['an account that is no number', { portal_id: 'abc' }],
    ['a negative account', { portal_id: -1 }],
    ['a skew past five minutes', { future_skew_seconds: 301 }],
    ['an unknown setting', { secret: 'x' }],
  ])('refuse %s', (_name, settings) => {
    expect(settingsSchema.safeParse(settings).success).toBe(false);
  });
});
