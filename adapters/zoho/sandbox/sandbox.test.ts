import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { sandboxStarter } from '#adapters/kit/sandbox/starter.test-support.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { zohoAdapter } from '../adapter.ts';
import { MAX_IDS } from '../definition.ts';
import { settingsSchema } from '../settings.ts';
import { CHANGE_TYPES, type ZohoChange } from './change-types.ts';
import { zohoSandbox } from './sandbox.ts';

// Real: HTTP on loopback, verification, mapping, resolution and the retry timers. The half hour of a
// retry is scaled to milliseconds, so attempts, order and counts may be asserted, but no duration.

const SECRET = 'k3Yc7-pP0wQv9bTn2LxHd5RsUgEaJmZf';
const PATH = '/webhooks/zoho/con_1';
const settings = settingsSchema.parse(zohoSandbox.settings);
const bound = zohoAdapter.bind(settings);

const start = sandboxStarter(zohoSandbox, { secret: SECRET, settings, path: PATH });

const verified = (request: WebhookRequest) => bound.verify(request, [SECRET]);
const keysOf = (request: WebhookRequest) =>
  bound.webhook(request).drafts.map(({ dedupeKey }) => dedupeKey);
const idsOf = ({ body }: WebhookRequest) =>
  (JSON.parse(body.toString()) as { ids: readonly string[] }).ids;
const records = (changes: readonly unknown[]) =>
  (changes as readonly ZohoChange[]).reduce((sum, change) => sum + change.records.length, 0);

describe('the sandbox', () => {
  it('sends what it emitted, so that the adapter takes all of it', async () => {
    const { receiver, sandbox } = await start();
    const emitted = sandbox.emit(400);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(400);
    const keys = receiver.received.flatMap((request) => {
      expect(verified(request)).toEqual({ verified: true });
      expect(bound.webhook(request).skipped).toEqual([]);
      return keysOf(request);
    });
    // No two changes look like one.
    expect(new Set(keys).size).toBe(records(emitted));
    expect(keys.length).toBe(records(emitted));
    expect(sandbox.stats()).toMatchObject({ sent: 400, acknowledged: 400, refused: 0, pending: 0 });
  });

  it.each([
    ['contact.insert', 'contact.created'],
    ['contact.update', 'contact.updated'],
    ['contact.delete', 'contact.deleted'],
    ['account.insert', 'account.created'],
    ['account.update', 'account.updated'],
    ['account.delete', 'account.deleted'],
    ['deal.insert', 'deal.created'],
    ['deal.update', 'deal.updated'],
    ['deal.delete', 'deal.deleted'],
    ['deal.won', 'deal.won'],
    ['deal.lost', 'deal.lost'],
    ['contact.workflow.insert', 'contact.created'],
    ['deal.workflow.update', 'deal.updated'],
  ])('changes by %s, which becomes %s', async (type, expected) => {
    const { receiver, sandbox } = await start(undefined, { policy: { maxConcurrentRequests: 1 } });
    sandbox.emit(20, { type });
    await sandbox.idle();
    const consumer = new Receiver(bound);
    for (const request of receiver.received) {
      const { events, skipped } = consumer.take(request);
      expect(skipped).toEqual([]);
      expect(events.map((event) => event.event_type)).toContain(expected);
      expect(events.map((event) => event.payload.stage_unknown)).not.toContain(true);
    }
    expect([...CHANGE_TYPES.keys()]).toContain(type);
    expect(sandbox.changeTypes).toEqual([...CHANGE_TYPES.keys()]);
  });

  it('writes decimals to the last zero, several records in a notification, and both stage names', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(400);
    await sandbox.idle();
    const bodies = receiver.received.map(({ body }) => body.toString());
    const text = bodies.join('\n');
    expect(text).toMatch(/"(?:Amount|Annual_Revenue)":\d+\.\d0[,}]/);
    expect(text).toContain('"Stage":"Signed"');
    expect(text).toContain('"Stage":"Closed Won"');
    expect(bodies.some((body) => /"ids":\["\d{19}","\d{19}"/.test(body))).toBe(true);
  });

  it('lets a consumer rebuild the account, but for inserts that state no values', async () => {
    const { receiver, sandbox } = await start(undefined, { policy: { maxConcurrentRequests: 1 } });
    sandbox.emit(300);
    await sandbox.idle();
    const consumer = new Receiver(bound);
    const rebuilt = new Map<string, Record<string, unknown>>();
    const deleted = new Set<string>();
    for (const request of receiver.received) {
      for (const { entity_id, event_type, payload } of consumer.take(request).events) {
        expect(deleted).not.toContain(entity_id);
        if (event_type.endsWith('.deleted')) deleted.add(entity_id);
        const { Modified_Time, ...values } = (payload.values ?? {}) as Record<string, unknown>;
        // Stated by workflows alone: the account keeps it apart from the values.
        expect(Modified_Time).toBe(payload.modified_time);
        rebuilt.set(entity_id, { ...rebuilt.get(entity_id), ...values });
      }
    }
    // Through JSON as a consumer would read it, numbers as their text.
    const account = await (await fetch(`${sandbox.controlUrl}/sandbox/records`)).text();
    const exact = account.replaceAll(/:(\d+\.\d+)/g, ':"$1"');
    const held = Object.assign({}, ...Object.values(JSON.parse(exact) as object)) as object;
    const told = Object.entries(held).filter(([id]) => rebuilt.has(id));
    expect(told.length).toBeGreaterThan(20);
    for (const [id, values] of told) expect(values).toMatchObject(rebuilt.get(id) ?? {});
    for (const id of deleted) expect(held).not.toHaveProperty(id);
  });

  it('makes the same changes of the same seed', async () => {
    const bodies = async (seed: number) => {
      const nowMs = () => 1_768_472_430_123;
      const { receiver, sandbox } = await start(undefined, {
        seed,
        nowMs,
        policy: { maxConcurrentRequests: 1 },
      });
      sandbox.emit(50);
      await sandbox.idle();
      return receiver.received.map(({ body }) => body.toString());
    };
    expect(await bodies(7)).toEqual(await bodies(7));
    expect(await bodies(7)).not.toEqual(await bodies(8));
  });

  it('uses the stages, the channel and the header of the connection', async () => {
    const own = settingsSchema.parse({
      workflow_token_header: 'x-zoho-hook',
      channels: [{ channel_id: '42' }],
      deal_stages: [
        { display_value: 'Neu', actual_value: 'Neu', forecast_type: 'Open' },
        { display_value: 'Ja', actual_value: 'Ja', forecast_type: 'Closed Won' },
        { display_value: 'Nein', actual_value: 'Nein', forecast_type: 'Closed Lost' },
      ],
    });
    const { receiver, sandbox } = await start(undefined, { settings: own });
    sandbox.emit(5, { type: 'deal.won' });
    sandbox.emit(1, { type: 'deal.workflow.update' });
    await sandbox.idle();
    const adapter = zohoAdapter.bind(own);
    for (const request of receiver.received) {
      expect(adapter.verify(request, [SECRET])).toEqual({ verified: true });
    }
    const text = receiver.received.map(({ body }) => body.toString()).join('\n');
    expect(text).toContain('"Stage":"Ja"');
    expect(text).toContain('"channel_id":"42"');
    expect(receiver.received.some(({ headers }) => headers['x-zoho-hook'] === SECRET)).toBe(true);
  });
});

describe('delivery', () => {
  it('retries three times, then gives up', async () => {
    const { receiver, sandbox } = await start(() => 500);
    sandbox.emit(1, { type: 'contact.update' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(4);
    expect(new Set(receiver.received.flatMap(keysOf)).size).toBe(
      new Set(keysOf(receiver.received[0] as WebhookRequest)).size,
    );
    expect(sandbox.stats()).toMatchObject({ refused: 4, retried: 3, given_up: 1, pending: 0 });
    expect(sandbox.stats().deactivated).toBe(false);
  });

  it('stops retrying what was acknowledged', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 2 ? 503 : 200));
    sandbox.emit(1);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(3);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 1, given_up: 0 });
  });

  it('keeps to its requests at once', async () => {
    const { receiver, sandbox } = await start(() => undefined);
    sandbox.emit(50);
    await expect.poll(() => receiver.received.length).toBe(5);
    expect(receiver.mostOpen()).toBe(5);
    await sandbox.close();
    expect(receiver.received).toHaveLength(5);
  });

  it.each([
    ['a notification', 'deal.update'],
    ['a workflow webhook', 'deal.workflow.update'],
  ])('bad_signature of %s is refused, and not retried', async (_name, type) => {
    const { receiver, sandbox } = await start((request) =>
      verified(request).verified ? 200 : 401,
    );
    sandbox.emit(3, { type, misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual(
      Array(3).fill({ verified: false, reason: 'path_secret_mismatch' }),
    );
    expect(sandbox.stats()).toMatchObject({ sent: 3, refused: 3, retried: 0 });
  });

  it('bad_signature is refused by its token too', async () => {
    const open = zohoAdapter.bind({ ...settings, require_path_secret: false });
    const { receiver, sandbox } = await start(() => 401, {
      policy: { retryDelayMs: () => undefined },
    });
    sandbox.emit(1, { type: 'deal.update', misbehave: 'bad_signature' });
    sandbox.emit(1, { type: 'deal.workflow.update', misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map((request) => open.verify(request, [SECRET]))).toEqual(
      Array(2).fill({ verified: false, reason: 'signature_mismatch' }),
    );
  });

  it('duplicate makes the same keys twice', async () => {
    const { receiver, sandbox } = await start();
    const emitted = sandbox.emit(60, { misbehave: 'duplicate' });
    await sandbox.idle();
    const keys = receiver.received.flatMap(keysOf);
    expect(keys).toHaveLength(2 * records(emitted));
    expect(new Set(keys).size).toBe(records(emitted));
  });

  it('late changes nothing: Zoho states no time of sending', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(2, { misbehave: 'late' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual(Array(2).fill({ verified: true }));
  });

  it('drop sends nothing', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(5, { misbehave: 'drop' });
    await sandbox.idle();
    expect(receiver.received).toHaveLength(0);
    expect(sandbox.stats()).toMatchObject({ emitted: 5, dropped: 5, sent: 0 });
  });

  it('huge_batch is one notification, of as many records as asked for', async () => {
    const { receiver, sandbox } = await start(() => 200);
    sandbox.emit(MAX_IDS, { misbehave: 'huge_batch' });
    sandbox.emit(MAX_IDS + 1, { misbehave: 'huge_batch' });
    await sandbox.idle();
    const [most, tooMany] = receiver.received.toSorted((a, b) => idsOf(a).length - idsOf(b).length);
    expect(receiver.received.map(verified)).toEqual(Array(2).fill({ verified: true }));
    expect(keysOf(most as WebhookRequest)).toHaveLength(MAX_IDS);
    expect(() => bound.webhook(tooMany as WebhookRequest)).toThrow(InvalidBody);
  });
});
