import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver as Platform } from '#adapters/kit/conformance/receiver.ts';
import type { SandboxOptions } from '#adapters/kit/sandbox/contract.ts';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import type { Decide, Receiver } from '#adapters/kit/sandbox/receiver.test-support.ts';
import { sandboxStarter } from '#adapters/kit/sandbox/starter.test-support.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { salesforceAdapter } from '../adapter.ts';
import { readOutboundMessage } from '../outbound-message.ts';
import { type SalesforceSettings, settingsSchema } from '../settings.ts';
import { ACCEPTED, notAccepted } from '../soap-answer.ts';
import { Account, SANDBOX_TYPES } from './account.ts';
import { salesforceSandbox } from './sandbox.ts';

// Real: HTTP on loopback, the adapter, the retry timers. A day of retries is scaled to milliseconds,
// so attempts, order and counts may be asserted, but no duration.

const SECRET = 'Wq3vN8sT1yKdR7mZc5xJ0bLhUeGf2aPo';
const PATH = '/webhooks/salesforce/con_1';
const COUNTS = '{"accepted":1,"duplicates":0,"skipped":0}';
const settings = settingsSchema.parse(salesforceSandbox.settings);
const bound = salesforceAdapter.bind(settings);

/** Answers as the platform would. */
const accepting: Decide = (request) => {
  if (!bound.verify(request, [SECRET]).verified) return 401;
  const { answer } = bound.webhook(request);
  return answer ?? { status: 200, body: COUNTS };
};

const startWith = sandboxStarter(salesforceSandbox, { secret: SECRET, settings, path: PATH });
const start = (
  decide: Decide = accepting,
  options: Partial<SandboxOptions<SalesforceSettings>> = {},
) => startWith(decide, options);

const verified = (request: WebhookRequest) => bound.verify(request, [SECRET]);
const draftsOf = (request: WebhookRequest) => bound.webhook(request).drafts;
const isMessage = ({ headers }: WebhookRequest) => String(headers['content-type']).includes('xml');
const keys = (receiver: Receiver) =>
  receiver.received.flatMap((request) => draftsOf(request).map((draft) => draft.dedupeKey));

describe('the sandbox', () => {
  it('sends what the adapter verifies and maps, with nothing left out', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(300);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(300);
    for (const request of receiver.received) {
      expect(verified(request)).toEqual({ verified: true });
      expect(bound.webhook(request).skipped).toEqual([]);
      expect(draftsOf(request)).toHaveLength(1);
    }
    expect(new Set(keys(receiver)).size).toBe(300);
    expect(receiver.received.some(isMessage)).toBe(true);
    expect(receiver.received.every(isMessage)).toBe(false);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 300, refused: 0, pending: 0 });
  });

  it.each(SANDBOX_TYPES)('makes events of %s', async (type) => {
    const { receiver, sandbox } = await start(accepting, { policy: { maxConcurrentRequests: 1 } });
    const platform = new Platform(bound);
    sandbox.emit(3, { type });
    await sandbox.idle();
    const taken = receiver.received.map((request) => platform.take(request));
    const [object = '', , kind] = type.split('.');
    const verb = { create: 'created', update: 'updated', delete: 'deleted', undelete: 'created' };
    for (const { events, skipped } of taken) {
      expect(skipped).toEqual([]);
      expect(events.length).toBeGreaterThan(0);
      if (kind !== undefined) {
        expect(events[0]?.event_type).toBe(`${object}.${verb[kind as keyof typeof verb]}`);
      }
    }
  });

  it('lets opportunities be won and lost, once each, however that is told', async () => {
    const { receiver, sandbox } = await start(accepting, { policy: { maxConcurrentRequests: 1 } });
    for (let round = 0; round < 60; round += 1) {
      sandbox.emit(1, { type: 'opportunity.outbound' });
      sandbox.emit(1, { type: 'opportunity.cdc.update' });
      sandbox.emit(1, { type: 'opportunity.callout.update' });
    }
    await sandbox.idle();
    const platform = new Platform(bound);
    const events = receiver.received.flatMap((request) => platform.take(request).events);
    const ends = events.filter(({ event_type }) => /won|lost/.test(event_type));
    expect(new Set(ends.map(({ event_type }) => event_type)).size).toBe(2);
    const ways = new Set(ends.map(({ payload }) => payload.channel));
    expect([...ways].sort()).toEqual(['callout', 'cdc', 'outbound_message']);
    const amounts = JSON.stringify(events.map(({ payload }) => payload.record));
    expect(amounts).toMatch(/"Amount":"\d+\.\d0"/);
  });

  it('keeps to five requests at once', async () => {
    const { receiver, sandbox } = await start(() => undefined);
    sandbox.emit(20);
    await expect.poll(() => receiver.received.length).toBe(5);
    await sandbox.close();
    expect(receiver.mostOpen()).toBe(5);
  });

  it('wants its Ack: 200 alone is a failure', async () => {
    const answers = [
      { status: 200, body: 'ok' },
      notAccepted(new InvalidBody('x')),
      { ...ACCEPTED, status: 503 },
      ACCEPTED,
    ];
    const { receiver, sandbox } = await start((_, index) => answers[index]);
    sandbox.emit(1, { type: 'account.outbound' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(4);
    expect(new Set(keys(receiver)).size).toBe(1);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1, refused: 3, retried: 3 });
  });

  it('takes the counts of a callout for no Ack of a message', async () => {
    const decide: Decide = () => ({ status: 200, body: COUNTS });
    const { sandbox } = await start(decide, { policy: { retryDelayMs: () => undefined } });
    sandbox.emit(1, { type: 'contact.outbound' });
    sandbox.emit(1, { type: 'contact.callout.update' });
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1, given_up: 1 });
  });

  it('retries a callout with the same key and a signature of its own', async () => {
    const { receiver, sandbox } = await start((request, index) =>
      index < 2 ? 503 : accepting(request, index),
    );
    sandbox.emit(1, { type: 'contact.callout.delete' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(3);
    expect(receiver.received.every((request) => verified(request).verified)).toBe(true);
    expect(new Set(keys(receiver)).size).toBe(1);
  });

  it('drops what failed for a day', async () => {
    const { receiver, sandbox } = await start(() => 500);
    sandbox.emit(1);
    await sandbox.idle();
    // 30 s doubling to 64 min are eight delays in 2.1 hours; ten more of two hours end in the day.
    expect(receiver.received).toHaveLength(1 + 8 + 10);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 0, retried: 18, given_up: 1 });
  });

  it('retries where no answer comes in time', async () => {
    const { receiver, sandbox } = await start(
      (request, index) => (index === 0 ? undefined : accepting(request, index)),
      { policy: { timeoutMs: 50 } },
    );
    sandbox.emit(1);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(2);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1, refused: 1 });
  });
});

describe('misbehaviour', () => {
  it('duplicate sends everything twice, with the same keys', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(40, { misbehave: 'duplicate' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(80);
    expect(new Set(keys(receiver)).size).toBe(40);
  });

  it.each([
    ['account.outbound', 'path_secret_mismatch'],
    ['account.cdc.update', 'signature_mismatch'],
    ['account.callout.update', 'signature_mismatch'],
  ])('bad_signature of %s is refused, and not retried', async (type, reason) => {
    const { receiver, sandbox } = await start();
    sandbox.emit(2, { type, misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual(Array(2).fill({ verified: false, reason }));
    expect(sandbox.stats()).toMatchObject({ refused: 2, retried: 0 });
  });

  it('late is stale at first and sound when retried; a message states no time', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(1, { type: 'contact.cdc.create', misbehave: 'late' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual([
      { verified: false, reason: 'timestamp_stale' },
      { verified: true },
    ]);
    sandbox.emit(1, { type: 'contact.outbound', misbehave: 'late' });
    await sandbox.idle();
    expect(receiver.received.slice(2).map(verified)).toEqual([{ verified: true }]);
  });

  it('huge_batch is one message of many notifications, and past a hundred not taken', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(100, { misbehave: 'huge_batch' });
    await sandbox.idle();
    const [huge] = receiver.received;
    expect(huge && readOutboundMessage(huge.body)?.notifications).toHaveLength(100);
    expect(new Set(keys(receiver)).size).toBe(100);

    const past = await start(() => 401);
    past.sandbox.emit(101, { misbehave: 'huge_batch' });
    await expect.poll(() => past.receiver.received.length).toBeGreaterThan(0);
    const [tooMany] = past.receiver.received;
    expect(() => tooMany && bound.webhook(tooMany)).toThrow('101 notifications');
  });

  it('reorder sends everything once, and nothing is won twice for it', async () => {
    const { receiver, sandbox } = await start(accepting, { policy: { maxConcurrentRequests: 1 } });
    sandbox.emit(80, { type: 'opportunity.outbound', misbehave: 'reorder' });
    await sandbox.idle();
    expect(new Set(keys(receiver)).size).toBe(80);
    const platform = new Platform(bound);
    const events = receiver.received.flatMap((request) => platform.take(request).events);
    const created = events.filter(({ event_type }) => event_type === 'opportunity.created');
    expect(new Set(created.map(({ entity_id }) => entity_id)).size).toBe(created.length);
  });
});

describe('the account', () => {
  const make = (seed: number) =>
    new Account({ random: seededRandom(seed), nowMs: () => 1_768_472_430_000 });

  it('is the same for the same seed', () => {
    const changes = (seed: number) => {
      const account = make(seed);
      return Array.from({ length: 50 }, () => account.change());
    };
    expect(changes(3)).toEqual(changes(3));
    expect(changes(3)).not.toEqual(changes(4));
  });

  it('refuses a type it does not have', () => {
    expect(() => make(1).change('lead.outbound')).toThrow('The type is not one of');
  });

  it('holds what was not deleted', () => {
    const account = make(1);
    account.change('contact.callout.create');
    account.change('contact.callout.create');
    account.change('contact.cdc.delete');
    expect(account.records().Contact).toHaveLength(1);
    account.change('contact.callout.undelete');
    expect(account.records().Contact).toHaveLength(2);
  });
});
