import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver as EventReceiver } from '#adapters/kit/conformance/receiver.ts';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { sandboxStarter } from '#adapters/kit/sandbox/starter.test-support.ts';
import { zenotiAdapter } from '../adapter.ts';
import { settingsSchema } from '../settings.ts';
import { CHANGE_TYPES, PING, type SandboxChange } from './account.ts';
import { POLICY, zenotiSandbox } from './sandbox.ts';

// Real: HTTP on loopback, signatures, mapping, resolution, the retry timers. The delays are scaled
// to less than a millisecond, so attempts, order and counts may be asserted, but no duration.

const SECRET = 'zenoti-test-secret';
const PATH = '/webhooks/zenoti/con_1';
const settings = settingsSchema.parse(zenotiSandbox.settings);
const bound = zenotiAdapter.bind(settings);

const start = sandboxStarter(zenotiSandbox, { secret: SECRET, settings, path: PATH });

const verified = (request: WebhookRequest) => bound.verify(request, [SECRET]);
const keysOf = (requests: readonly WebhookRequest[]) =>
  requests.flatMap((request) => bound.webhook(request).drafts.map(({ dedupeKey }) => dedupeKey));
const typesOf = (receiver: EventReceiver, request: WebhookRequest) =>
  receiver.take(request).events.map((event) => event.event_type);
const oneByOne = { policy: { maxConcurrentRequests: 1 } };

describe('the sandbox', () => {
  it('sends what the adapter verifies and maps, with nothing skipped', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(400);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(400);
    for (const request of receiver.received) {
      expect(verified(request)).toEqual({ verified: true });
      const { drafts, skipped } = bound.webhook(request);
      expect(skipped).toEqual([]);
      expect(drafts).toHaveLength(1);
    }
    expect(new Set(keysOf(receiver.received)).size).toBe(400);
    expect(receiver.mostOpen()).toBeLessThanOrEqual(4);
    const { sent, acknowledged, refused, pending } = sandbox.stats();
    expect({ sent, acknowledged, refused, pending }).toEqual({
      sent: 400,
      acknowledged: 400,
      refused: 0,
      pending: 0,
    });
  });

  it('sends by every method, with and without envelope', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(60, { type: 'Appointment.Completed' });
    await sandbox.idle();
    const methods = new Set(receiver.received.map(({ method }) => method));
    expect([...methods].sort()).toEqual(['PATCH', 'POST', 'PUT']);
    const shapes = new Set(receiver.received.map(({ body }) => 'data' in JSON.parse(String(body))));
    expect(shapes).toEqual(new Set([true, false]));
  });

  it.each(CHANGE_TYPES.filter((type) => type !== PING))('tells of %s', async (type) => {
    const { receiver, sandbox } = await start(undefined, oneByOne);
    sandbox.emit(8, { type });
    await sandbox.idle();
    const events = new EventReceiver(bound);
    for (const request of receiver.received) {
      expect(verified(request)).toEqual({ verified: true });
      expect(typesOf(events, request)).not.toEqual([]);
    }
  });

  it('tells a story that makes sense, in the order in which it happens', async () => {
    const { receiver, sandbox } = await start(undefined, oneByOne);
    sandbox.emit(600);
    await sandbox.idle();
    const events = new EventReceiver(bound);
    const types = receiver.received.flatMap((request) => typesOf(events, request));
    expect([...new Set(types)]).toEqual(
      expect.arrayContaining([
        'appointment.created',
        'appointment.updated',
        'appointment.completed',
        'appointment.cancelled',
        'member.created',
        'member.updated',
        'membership.created',
        'membership.frozen',
        'invoice.closed',
      ]),
    );
  });

  it('presses the test button: an empty body, unsigned, that makes nothing', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(1, { type: PING });
    await sandbox.idle();
    const [request] = receiver.received as [WebhookRequest];
    expect([request.method, request.body.length]).toEqual(['POST', 0]);
    expect(verified(request)).toEqual({ verified: true });
    expect(bound.webhook(request)).toEqual({ drafts: [], skipped: [] });
  });

  it.each([
    ['the secret segment', { require_path_secret: true }],
    ['no signature', { require_signature: false }],
    ['another header', { signature_header: 'x-zenoti-signature' }],
    ['another encoding', { secret_encoding: 'hex' }],
  ])('keeps to settings with %s', async (_name, fields) => {
    const secret = 'c0ffee00c0ffee00';
    const parsed = settingsSchema.parse(fields);
    const other = zenotiAdapter.bind(parsed);
    const { receiver, sandbox } = await start(
      (request) => (other.verify(request, [secret]).verified ? 200 : 401),
      { settings: parsed, secret },
    );
    sandbox.emit(20);
    sandbox.emit(1, { type: PING });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(21);
    sandbox.emit(3, { misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 21, refused: 3, retried: 0 });
  });
});

describe('delivery', () => {
  it('retries five times, and makes the same dedupe key each time', async () => {
    const { receiver, sandbox } = await start(() => 503);
    sandbox.emit(2);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(12);
    expect(new Set(keysOf(receiver.received)).size).toBe(2);
    const bodies = receiver.received.map(({ body }) => body.toString());
    const calls = bodies.filter((body) => body.includes('event_id'));
    // A retry is another call, and says so.
    expect(new Set(calls).size).toBe(calls.length);
    expect(sandbox.stats()).toMatchObject({ sent: 12, retried: 10, given_up: 2, pending: 0 });
  });

  it('waits from thirty seconds to ten minutes', () => {
    const seconds = [1, 2, 3, 4, 5].map((retry) =>
      Math.floor((POLICY.retryDelayMs(retry, seededRandom(1)) ?? 0) / 1000),
    );
    expect(seconds).toEqual([30, 63, 134, 283, 600]);
    expect(POLICY.retryDelayMs(6, seededRandom(1))).toBeUndefined();
  });

  it('gives the webhook up after twenty failures in a row, until it is activated', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 20 ? 500 : 200), oneByOne);
    sandbox.emit(30);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(20);
    expect(sandbox.stats()).toMatchObject({ deactivated: true, acknowledged: 0, pending: 0 });
    sandbox.emit(5);
    expect(sandbox.stats()).toMatchObject({ dropped: 5, requests: 20 });
    sandbox.activate();
    sandbox.emit(5);
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ deactivated: false, acknowledged: 5 });
  });

  it('goes on after nineteen', async () => {
    const { sandbox } = await start((_, index) => (index % 20 === 19 ? 200 : 500), oneByOne);
    sandbox.emit(10);
    await sandbox.idle();
    expect(sandbox.stats().deactivated).toBe(false);
  });

  it('retries where no answer comes in time', async () => {
    const { receiver, sandbox } = await start((_, index) => (index === 0 ? undefined : 200), {
      policy: { timeoutMs: 50 },
    });
    sandbox.emit(1);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(2);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1, given_up: 0 });
  });
});

describe('misbehaviour', () => {
  it('bad_signature is refused, and not retried', async () => {
    const { receiver, sandbox } = await start((request) =>
      verified(request).verified ? 200 : 401,
    );
    sandbox.emit(3, { misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual(
      Array(3).fill({ verified: false, reason: 'signature_mismatch' }),
    );
    expect(sandbox.stats()).toMatchObject({ sent: 3, refused: 3, retried: 0, given_up: 0 });
  });

  it('duplicate sends everything twice, with the same dedupe keys', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(50, { misbehave: 'duplicate' });
    await sandbox.idle();
    const keys = keysOf(receiver.received);
    expect(keys).toHaveLength(100);
    expect(new Set(keys).size).toBe(50);
  });

  it('reorder leaves the end of a group as it is', async () => {
    const { receiver, sandbox } = await start(undefined, { ...oneByOne, seed: 3 });
    const changes = sandbox.emit(300, { misbehave: 'reorder' }) as readonly SandboxChange[];
    await sandbox.idle();
    const cancelled = new Set(
      changes
        .filter(({ data }) => data.appointment_group_status === -1)
        .map(({ data }) => data.appointment_group_id),
    );
    const groupOf = new Map(
      changes.flatMap(({ type, data }) =>
        type === 'AppointmentGroup.Created'
          ? (data.appointments as { id: string }[]).map(
              ({ id }) => [id, data.appointment_group_id] as const,
            )
          : [],
      ),
    );
    const ends = new Map<string, string>();
    const events = new EventReceiver(bound);
    for (const request of receiver.received) {
      for (const event of events.take(request).events) ends.set(event.entity_id, event.event_type);
    }
    const wrong = [...groupOf].filter(
      ([id, group]) => cancelled.has(group) && ends.get(id) !== 'appointment.cancelled',
    );
    expect(cancelled.size).toBeGreaterThan(3);
    // What was completed before the cancellation may be told after it.
    expect(wrong.filter(([id]) => ends.get(id) === 'appointment.created')).toEqual([]);
  });

  it('huge_batch is one group of that many appointments', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(1_000, { misbehave: 'huge_batch' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(1);
    const events = new EventReceiver(bound);
    const [request] = receiver.received as [WebhookRequest];
    expect(verified(request)).toEqual({ verified: true });
    expect(typesOf(events, request)).toEqual(Array(1_000).fill('appointment.created'));
  });

  it('drop sends nothing', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(5, { misbehave: 'drop' });
    await sandbox.idle();
    expect(receiver.received).toEqual([]);
    expect(sandbox.stats()).toMatchObject({ emitted: 5, dropped: 5, sent: 0 });
  });
});
