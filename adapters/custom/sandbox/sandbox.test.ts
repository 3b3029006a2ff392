import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import type { Receiver } from '#adapters/kit/sandbox/receiver.test-support.ts';
import { sandboxStarter } from '#adapters/kit/sandbox/starter.test-support.ts';
import { InvalidSettings } from '#schemas/problems.ts';
import { customAdapter } from '../adapter.ts';
import { loadDefinition } from '../fixtures.ts';
import { settingsSchema } from '../settings.ts';
import { SHOP_TYPES } from './account.ts';
import { customSandbox } from './sandbox.ts';

// Real: HTTP on loopback, the signatures, the retry timers. The minutes of retries are scaled to
// milliseconds, so attempts and counts may be asserted, but no duration.

const SECRET = 'the-signing-key-of-the-shop';
const settings = settingsSchema.parse(customSandbox.settings);
const bound = customAdapter.bind(settings);

const start = sandboxStarter(customSandbox, {
  secret: SECRET,
  settings,
  path: '/webhooks/custom/con_1',
});

const verified = (request: WebhookRequest) => bound.verify(request, [SECRET]);
const drafts = ({ received }: Receiver) => received.flatMap((one) => bound.webhook(one).drafts);
const sizes = ({ received }: Receiver) =>
  received.map(({ body }) => JSON.parse(body.toString()).changes.length);

describe('the sandbox', () => {
  it('sends what it emitted, signed and mapped with nothing skipped', async () => {
    const { receiver, sandbox } = await start();
    expect(sandbox.emit(170)).toHaveLength(170);
    await sandbox.idle();
    for (const request of receiver.received) {
      expect(verified(request)).toEqual({ verified: true });
      expect(bound.webhook(request).skipped).toEqual([]);
    }
    expect(new Set(drafts(receiver).map(({ dedupeKey }) => dedupeKey)).size).toBe(170);
    expect(sizes(receiver).sort((a, b) => a - b)).toEqual([20, 50, 50, 50]);
    expect(sandbox.stats()).toMatchObject({ sent: 170, acknowledged: 170, refused: 0, pending: 0 });
  });

  it.each(SHOP_TYPES)('sends %s when it is asked to', async (type) => {
    const { receiver, sandbox } = await start();
    sandbox.emit(3, { type });
    await sandbox.idle();
    expect(drafts(receiver).map(({ eventType }) => eventType)).toEqual([type, type, type]);
  });

  it('sends again what was answered 500, with the same changes and a new signature', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 2 ? 500 : 200));
    sandbox.emit(10);
    await sandbox.idle();
    expect(sizes(receiver)).toEqual([10, 10, 10]);
    expect(new Set(drafts(receiver).map(({ dedupeKey }) => dedupeKey)).size).toBe(10);
    expect(receiver.received.every((request) => verified(request).verified)).toBe(true);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 10, retried: 20, given_up: 0 });
  });

  it('gives up after five retries, and goes on with the next change', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 6 ? 503 : 200));
    sandbox.emit(1);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(6);
    expect(sandbox.stats()).toMatchObject({ retried: 5, given_up: 1, deactivated: false });
    sandbox.emit(1);
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1 });
  });

  it('duplicate makes the same dedupe keys', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(40, { misbehave: 'duplicate' });
    await sandbox.idle();
    const keys = drafts(receiver).map(({ dedupeKey }) => dedupeKey);
    expect([keys.length, new Set(keys).size]).toEqual([80, 40]);
  });

  it('bad_signature is refused, and not sent again', async () => {
    const { receiver, sandbox } = await start((one) => (verified(one).verified ? 200 : 401));
    sandbox.emit(5, { misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual([
      { verified: false, reason: 'signature_mismatch' },
    ]);
    expect(sandbox.stats()).toMatchObject({ refused: 5, retried: 0 });
  });

  it('late is stale at first and sound when sent again', async () => {
    const { receiver, sandbox } = await start((one) => (verified(one).verified ? 200 : 401));
    sandbox.emit(1, { misbehave: 'late' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual([
      { verified: false, reason: 'timestamp_stale' },
      { verified: true },
    ]);
  });

  it('huge_batch is one request, which the definition refuses', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(51, { misbehave: 'huge_batch' });
    await sandbox.idle();
    const [request] = receiver.received;
    if (request === undefined) throw new Error('nothing came');
    expect(sizes(receiver)).toEqual([51]);
    expect(() => bound.webhook(request)).toThrow('extract.maxItems allows 50');
  });
});

describe('another definition than the shop’s', () => {
  it.each(['standard-webhooks', 'static-token', 'basic', 'jwt-hs256', 'put', 'zenoti'])(
    '%s: requests are signed by it',
    async (name) => {
      const other = { definition: loadDefinition(name) };
      const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
      const { receiver, sandbox } = await start(undefined, { settings: other, secret });
      sandbox.emit(2);
      sandbox.emit(1, { misbehave: 'bad_signature' });
      await sandbox.idle();
      const { verify } = customAdapter.bind(other);
      const verdicts = receiver.received.map((request) => verify(request, [secret]).verified);
      expect(verdicts.sort()).toEqual([false, true]);
    },
  );

  it.each(['ed25519', 'body-signature', 'both', 'form'])(
    '%s cannot be, and is told at the start',
    async (name) => {
      await expect(
        start(undefined, { settings: { definition: loadDefinition(name) } }),
      ).rejects.toThrow(InvalidSettings);
    },
  );
});
