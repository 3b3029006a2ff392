import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { pathSecret } from '#adapters/kit/verification/path-secret.ts';
import { InvalidRequest, InvalidSettings } from '#schemas/problems.ts';
import { zenotiAdapter } from './adapter.ts';
import { EVENTS, eventNamed } from './definition.ts';
import { settingsSchema } from './settings.ts';

// Real: all of the adapter. Doubled: the platform between mapping and resolution.

const secret = 'zenoti-test-secret';
const url = 'https://hooks.example.com/webhooks/zenoti/con_1';
const nowMs = 1_785_000_000_123;

function sample(name: string, settings: unknown = {}, sequence = 1, key = secret) {
  const parsed = settingsSchema.parse(settings);
  const options = { name, settings: parsed, secret: key, url, nowMs, sequence };
  const request = zenotiAdapter.sample(options);
  const bound = zenotiAdapter.bind(parsed);
  return { request, bound, verdict: bound.verify(request, [key]) };
}

const received = (...requests: readonly WebhookRequest[]) => {
  const receiver = new Receiver(zenotiAdapter.bind(settingsSchema.parse({})));
  return requests.flatMap((request) => receiver.take(request).events);
};

describe('secrets', () => {
  it.each([
    ['utf8', 'any text', true],
    ['hex', '00ff', true],
    ['hex', 'not hex', false],
    ['base64', 'AAH/', true],
    ['base64', 'AAH', false],
  ])('%s: %s fits: %s', (secret_encoding, text, fits) => {
    const settings = settingsSchema.parse({ secret_encoding });
    expect(zenotiAdapter.secretFault?.(text, settings) === undefined).toBe(fits);
  });
});

describe('samples', () => {
  it.each([
    ['appointment.created', ['appointment.created']],
    ['appointment.completed', ['appointment.completed']],
    ['appointment.cancelled', ['appointment_group.cancelled']],
    ['member.created', ['member.created']],
    ['membership.created', ['membership.created', 'member.updated']],
  ])('%s is verified and makes its events', (name, types) => {
    const { request, verdict, bound } = sample(name);
    expect(verdict).toEqual({ verified: true });
    expect(bound.webhook(request).skipped).toEqual([]);
    expect(received(request).map((event) => event.event_type)).toEqual(types);
  });

  it('are all of them listed', () => {
    expect(zenotiAdapter.samples).toHaveLength(5);
  });

  it('of a cancellation cancels the appointments of the samples before', () => {
    const events = received(
      sample('appointment.created', {}, 1).request,
      sample('appointment.created', {}, 2).request,
      sample('appointment.cancelled', {}, 3).request,
    );
    expect(events.slice(2).map((event) => event.event_type)).toEqual([
      'appointment.cancelled',
      'appointment.cancelled',
    ]);
  });

  it('keep decimals exact', () => {
    const [event] = received(sample('membership.created').request);
    expect(event?.payload).toMatchObject({
      data: { purchase: { price: { sales: '199.90' } }, credit_balance: { total: '12.50' } },
    });
  });

  it.each(zenotiAdapter.samples)('%s differs from call to call', (name) => {
    const keyOf = (sequence: number) => {
      const { request, bound } = sample(name, {}, sequence);
      return bound.webhook(request).drafts[0]?.dedupeKey;
    };
    expect(keyOf(1)).not.toBe(keyOf(2));
    expect(keyOf(1)).toBe(keyOf(1));
  });

  it.each([
    ['another header', { signature_header: 'X-Zenoti-Signature' }],
    ['an organization', { organization_id: 'ABCDEF12-3456-4789-8ABC-DEF123456789' }],
    ['centers', { center_ids: ['abcdef12-3456-4789-8abc-def123456789'] }],
    ['the secret segment', { require_path_secret: true }],
    ['no signature', { require_signature: false }],
  ])('fit settings with %s', (_name, settings) => {
    const { request, verdict, bound } = sample('appointment.created', settings);
    expect(verdict).toEqual({ verified: true });
    expect(bound.webhook(request)).toMatchObject({ drafts: [{}], skipped: [] });
  });

  it('fit a secret of another encoding, and refuse one that is not', () => {
    const settings = { secret_encoding: 'hex' };
    expect(sample('member.created', settings, 1, 'c0ffee').verdict.verified).toBe(true);
    expect(() => sample('member.created', settings, 1, 'coffee')).toThrow(InvalidSettings);
  });

  it.each(['appointment.levitated', 'toString'])('there is none named %s', (name) => {
    expect(() => sample(name)).toThrow(InvalidRequest);
  });
});

describe('settings', () => {
  it('need nothing', () => {
    expect(settingsSchema.parse({})).toEqual({
      signature_header: 'zenoti-webhook-signature',
      secret_encoding: 'utf8',
      require_signature: true,
      require_path_secret: false,
      api_base_url: 'https://api.zenoti.com',
    });
  });

  it('keep names and ids in lower case', () => {
    const center_ids = ['ABCDEF12-3456-4789-8ABC-DEF123456789'];
    const parsed = settingsSchema.parse({ signature_header: 'X-Sig', center_ids });
    expect(parsed).toMatchObject({
      signature_header: 'x-sig',
      center_ids: ['abcdef12-3456-4789-8abc-def123456789'],
    });
  });

  it.each([
    ['a header with a space', { signature_header: 'x sig' }],
    ['a header with a line break', { signature_header: 'x-sig\r\nx' }],
    ['an empty header', { signature_header: '' }],
    ['a header past all reason', { signature_header: 'x'.repeat(65) }],
    ['an unknown encoding', { secret_encoding: 'base32' }],
    ['an organization that is no GUID', { organization_id: '42' }],
    ['no centers', { center_ids: [] }],
    ['a center that is no GUID', { center_ids: ['42'] }],
    ['text for a switch', { require_signature: 'no' }],
    ['an unknown setting', { secret: 'x' }],
  ])('refuse %s', (_name, settings) => {
    expect(settingsSchema.safeParse(settings).success).toBe(false);
  });
});

describe('names of events', () => {
  const spellings = (name: string) => [
    name,
    name.toUpperCase(),
    name.replaceAll('.', ''),
    name.replaceAll('.', ' '),
    name.replaceAll('.', '_'),
  ];

  it.each(EVENTS)('$name is known in any of its spellings', (event) => {
    const names = [event.name, ...(event.aliases ?? [])].flatMap(spellings);
    for (const name of names) expect(eventNamed(name), name).toBe(event);
  });

  it.each(['', 'Guest', 'Guest.Created.Twice', 'constructor', 'Appointment.Feedback'])(
    '"%s" is none',
    (name) => {
      expect(eventNamed(name)).toBeUndefined();
    },
  );

  it('are read up to a length', () => {
    expect(eventNamed(`Guest.${' '.repeat(100_000)}Created`)).toBeUndefined();
  });
});

describe('the event that the URL names', () => {
  const unfreeze = Buffer.from('{"user_membership_id":"01192853-a6b5-4ff4-b299-e36b9efe61ac"}');
  const bound = zenotiAdapter.bind(settingsSchema.parse({}));
  const segment = pathSecret(secret);
  const take = (to: string, body = unfreeze) =>
    bound.webhook({ method: 'POST', url: to, headers: {}, body, receivedAtMs: nowMs });

  it('is that of a body without one, behind the secret segment', () => {
    const { drafts, skipped } = take(`${url}/${segment}?event=Guest.Membership.Unfreeze`);
    expect(skipped).toEqual([]);
    expect(drafts).toMatchObject([
      {
        eventType: 'membership.observed',
        occurredAtMs: nowMs,
        payload: { event_type: 'Guest.Membership.Unfreeze' },
      },
    ]);
  });

  it.each([
    ['without the secret segment', `${url}?event=Guest.Membership.Unfreeze`],
    ['twice', `${url}/${segment}?event=Guest.Membership.Unfreeze&event=Guest.Updated`],
    ['by a name that is unknown', `${url}/${segment}?event=Guest.Membership.Levitate`],
  ])('does not count %s', (_name, to) => {
    expect(take(to)).toMatchObject({ drafts: [], skipped: [{ reason: 'unknown_type' }] });
  });

  it('gives way to the fields of the body and to its event_type', () => {
    const to = `${url}/${segment}?event=Guest.Membership.Unfreeze`;
    const id = '01192853-a6b5-4ff4-b299-e36b9efe61ac';
    const frozen = Buffer.from(`{"user_membership_id":"${id}","freeze":{}}`);
    expect(take(to, frozen).drafts[0]?.payload.event_type).toBe('Guest.Membership.Freeze');
    const guest = Buffer.from(`{"event_type":"Guest.Updated","data":{"id":"${id}"}}`);
    expect(take(to, guest).drafts[0]?.eventType).toBe('member.updated');
    const unknown = Buffer.from(`{"event_type":"Guest.Levitated","data":{"id":"${id}"}}`);
    expect(take(to, unknown).skipped).toMatchObject([{ reason: 'unknown_type' }]);
  });

  it('was verified with the segment, also where the settings do not ask for it', () => {
    const headers = { 'zenoti-webhook-signature': 'sha256 =00' };
    const request = { method: 'POST', headers, body: unfreeze, receivedAtMs: nowMs };
    const forged = { ...request, url: `${url}/${'x'.repeat(32)}?event=Guest.Deleted` };
    expect(bound.verify(forged, [secret])).toEqual({
      verified: false,
      reason: 'path_secret_mismatch',
    });
  });
});
