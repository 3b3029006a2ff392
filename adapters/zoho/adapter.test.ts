import { describe, expect, it } from 'vitest';
import type { BoundAdapter, WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { zohoAdapter } from './adapter.ts';
import { settingsSchema } from './settings.ts';

// Real: samples, verification, mapping and resolution. Doubled: the platform between the last two.

const secret = 'k3Yc7-pP0wQv9bTn2LxHd5RsUgEaJmZf';
const url = 'https://hooks.example.com/webhooks/zoho/con_1';
const nowMs = 1_768_472_430_123;
const WON = { display_value: 'Signed', actual_value: 'Deal done', deal_category: 'Closed Won' };

function sample(name: string, settings: unknown = {}, sequence = 0) {
  const parsed = settingsSchema.parse(settings);
  const request = zohoAdapter.sample({ name, settings: parsed, secret, url, nowMs, sequence });
  const bound = zohoAdapter.bind(parsed);
  const verdict = bound.verify(request, [secret]);
  return { request, verdict, draft: bound.webhook(request).drafts[0], ...receive(bound, request) };
}

function receive(bound: BoundAdapter, request: WebhookRequest) {
  const { events, skipped } = new Receiver(bound).take(request);
  return { events, skipped, types: events.map(({ event_type }) => event_type) };
}

describe('samples', () => {
  it.each(zohoAdapter.samples)('%s is verified and makes its event', (name) => {
    const { verdict, skipped, types } = sample(name, { deal_stages: [WON] });
    expect(verdict).toEqual({ verified: true });
    expect(skipped).toEqual([]);
    expect(types).toContain(name);
  });

  it('keep their decimals to the last zero', () => {
    expect(sample('deal.updated').events[0]?.payload.values).toMatchObject({ Amount: '12.50' });
    expect(sample('deal.won').events[0]?.payload.values).toMatchObject({ Amount: '120000.10' });
  });

  it.each([
    ['the first stage that is won', { deal_stages: [WON] }, 'Deal done'],
    ['the name Zoho gives, without stages', {}, 'Closed Won'],
  ])('deal.won takes %s', (_name, settings, stage) => {
    expect(sample('deal.won', settings).events[0]?.payload.values).toMatchObject({ Stage: stage });
  });

  it.each([
    ['a channel', [{ channel_id: '7' }], '7'],
    [
      'one channel of two that has expired',
      [{ channel_id: '7', expires_at: '2026-01-01T00:00:00Z' }, { channel_id: '8' }],
      '8',
    ],
  ])('fit settings with %s', (_name, channels, expected) => {
    const { verdict, events } = sample('contact.created', { channels });
    expect(verdict).toEqual({ verified: true });
    expect(events[0]?.payload.channel_id).toBe(expected);
  });

  it('differ from call to call', () => {
    const keyOf = (sequence: number) => sample('deal.won', {}, sequence).draft?.dedupeKey;
    expect(keyOf(1)).not.toBe(keyOf(2));
  });

  it.each(['deal.levitated', 'toString'])('there is none named %s', (name) => {
    expect(() => sample(name)).toThrow(InvalidRequest);
  });
});

describe('the stage of a deal', () => {
  it.each([
    ['is not in the metadata', 'Elsewhere', true],
    ['is in the metadata without a category', '-None-', undefined],
    ['is open', 'Qualification', undefined],
  ])('that %s makes an update alone, marked so: %s', (_name, Stage, marked) => {
    const bound = zohoAdapter.bind(
      settingsSchema.parse({
        deal_stages: [
          WON,
          { display_value: '-None-', actual_value: '-None-', deal_category: null },
          { display_value: 'Qualification', actual_value: 'Qualification', forecast_type: 'Open' },
        ],
      }),
    );
    const { request } = sample('deal.updated');
    const body = request.body.toString().replace('"Amount":12.50', `"Stage":"${Stage}"`);
    const { types, events } = receive(bound, { ...request, body: Buffer.from(body) });
    expect(types).toEqual(['deal.updated']);
    expect(events[0]?.payload.stage_unknown).toBe(marked);
  });

  it('counts by the settings of the time it is resolved', () => {
    const { draft } = sample('deal.won');
    const observation = {
      event_id: 'e',
      event_type: 'deal.observed',
      entity_type: 'deal',
      entity_id: draft?.entityId ?? '',
      occurred_at: new Date(nowMs).toISOString(),
      payload: JSON.parse(JSON.stringify(draft?.payload)),
    };
    const verbs = (settings: unknown) =>
      zohoAdapter
        .bind(settingsSchema.parse(settings))
        .resolve?.(observation, undefined, { connectedAtMs: 0 })
        .events.map(({ eventType }) => eventType);
    expect(verbs({})).toEqual(['deal.updated']);
    expect(verbs({ deal_stages: [{ ...WON, display_value: 'Closed Won' }] })).toEqual([
      'deal.updated',
      'deal.won',
    ]);
  });
});

describe('the secret', () => {
  it.each([
    ['of one character', 'x', true],
    ['of 50 characters', 'x'.repeat(50), true],
    ['of 51 characters', 'x'.repeat(51), false],
    ['that is empty', '', false],
    ['with a space', 'a b', false],
    ['with a line break', 'ab\n', false],
    ['with an umlaut', 'ä', false],
  ])('%s: fit %s', (_name, text, fit) => {
    expect(zohoAdapter.secretFault?.(text, settingsSchema.parse({})) === undefined).toBe(fit);
  });
});

describe('settings', () => {
  it('need nothing', () => {
    expect(settingsSchema.parse({})).toEqual({
      require_path_secret: true,
      workflow_token_header: 'x-tributary-token',
      channels: [],
      deal_stages: [],
      data_center: 'us',
      watch_modules: ['Contacts', 'Accounts', 'Deals'],
    });
  });

  it('take stages as Zoho spells them, and leave out what they do not need', () => {
    const pasted = {
      ...WON,
      sequence_number: 7,
      forecast_category: { id: '1' },
      colour_code: null,
    };
    expect(settingsSchema.parse({ deal_stages: [pasted] }).deal_stages).toEqual([WON]);
  });

  it.each([
    ['a channel id that is a number', { channels: [{ channel_id: 7 }] }],
    ['a channel id that is no id', { channels: [{ channel_id: 'c1' }] }],
    ['a channel twice', { channels: [{ channel_id: '7' }, { channel_id: '7' }] }],
    [
      'an expiry without an offset',
      { channels: [{ channel_id: '7', expires_at: '2026-01-21T10:00:00' }] },
    ],
    [
      'an expiry that is no day',
      { channels: [{ channel_id: '7', expires_at: '2026-02-30T10:00:00Z' }] },
    ],
    ['an unknown field of a channel', { channels: [{ channel_id: '7', token: 'x' }] }],
    ['a stage without its names', { deal_stages: [{ deal_category: 'Open' }] }],
    ['a category that does not exist', { deal_stages: [{ ...WON, deal_category: 'closedwon' }] }],
    ['a watched module twice', { watch_modules: ['Deals', 'Deals'] }],
    ['a watched module that is not mapped', { watch_modules: ['Leads'] }],
    ['more stages than anybody has', { deal_stages: Array(501).fill(WON) }],
    ['a header that every request has', { workflow_token_header: 'Content-Type' }],
    ['a header that is no name', { workflow_token_header: 'x token' }],
    ['an unknown setting', { secret: 'x' }],
  ])('refuse %s', (_name, settings) => {
    expect(settingsSchema.safeParse(settings).success).toBe(false);
  });
});
