import { Signature } from '@hubspot/api-client';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver as Platform } from '#adapters/kit/conformance/receiver.ts';
import type { Sandbox } from '#adapters/kit/sandbox/contract.ts';
import { type Receiver, startReceiver } from '#adapters/kit/sandbox/receiver.test-support.ts';
import { sandboxStarter } from '#adapters/kit/sandbox/starter.test-support.ts';
import type { Problem } from '#schemas/problem.ts';
import { hubspotAdapter } from '../adapter.ts';
import { RENEWALS } from '../pipelines.test-support.ts';
import { settingsSchema } from '../settings.ts';
import { SANDBOX_TYPES, type SandboxNotification } from './account.ts';
import { hubspotSandbox } from './sandbox.ts';

// Real: HTTP on loopback, both signature implementations, the retry timers. The day of retries is
// scaled to milliseconds, so attempts, order and counts may be asserted, but no duration.

const SECRET = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';
const settings = settingsSchema.parse({});
const bound = hubspotAdapter.bind(settings);

const start = sandboxStarter(hubspotSandbox, {
  secret: SECRET,
  settings,
  path: '/webhooks/hubspot/con_1',
});

const verified = (request: WebhookRequest) => bound.verify(request, [SECRET]);
const itemsOf = ({ body }: WebhookRequest) => JSON.parse(body.toString()) as SandboxNotification[];
const items = (receiver: Receiver) => receiver.received.flatMap(itemsOf);
const eventIds = (of: readonly unknown[]) =>
  (of as readonly SandboxNotification[]).map(({ eventId }) => eventId);
const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

describe('the sandbox', () => {
  it('sends what it emitted, signed so that the adapter and the official helper accept it', async () => {
    const path = '/hooks%2Fhub%3Aspot?who=a%40b';
    const { receiver, sandbox } = await start(undefined, {}, path);
    const emitted = sandbox.emit(250);
    await sandbox.idle();
    expect(sorted(eventIds(items(receiver)))).toEqual(eventIds(emitted));
    for (const request of receiver.received) {
      expect(verified(request)).toEqual({ verified: true });
      expect(bound.webhook(request).skipped).toEqual([]);
      const common = { clientSecret: SECRET, requestBody: request.body.toString('utf8') };
      const header = (name: string) => String(request.headers[name]);
      const v3 = Signature.isValid({
        ...common,
        signatureVersion: 'v3',
        signature: header('x-hubspot-signature-v3'),
        timestamp: Number(header('x-hubspot-request-timestamp')),
        method: 'POST',
        url: `${new URL(receiver.url).origin}/hooks/hub:spot?who=a@b`,
      });
      expect(v3).toBe(true);
      expect(Signature.isValid({ ...common, signature: header('x-hubspot-signature') })).toBe(true);
    }
    const { sent, acknowledged, refused, pending } = sandbox.stats();
    expect({ sent, acknowledged, refused, pending }).toEqual({
      sent: 250,
      acknowledged: 250,
      refused: 0,
      pending: 0,
    });
  });

  it('cuts batches at a hundred, and keeps to its concurrent requests', async () => {
    const { receiver, sandbox } = await start(undefined, { policy: { maxConcurrentRequests: 3 } });
    sandbox.emit(1_050);
    await sandbox.idle();
    const sizes = sorted(receiver.received.map((request) => itemsOf(request).length));
    expect(sizes).toEqual([50, ...Array<number>(10).fill(100)]);
    expect(receiver.mostOpen()).toBeLessThanOrEqual(3);
  });

  it('sends as many requests at once as it may', async () => {
    const { receiver, sandbox } = await start(() => undefined, {
      policy: { maxConcurrentRequests: 3 },
    });
    sandbox.emit(1_000);
    await expect.poll(() => receiver.received.length).toBe(3);
    expect(receiver.mostOpen()).toBe(3);
    await sandbox.close();
    expect(receiver.received).toHaveLength(3);
  });

  it('retries what was answered 500 with a growing attempt number', async () => {
    const attempts = new Map<number, number[]>();
    const { receiver, sandbox } = await start((request) => {
      const batch = itemsOf(request);
      for (const { eventId, attemptNumber } of batch) {
        attempts.set(eventId, [...(attempts.get(eventId) ?? []), attemptNumber]);
      }
      return batch.every(({ attemptNumber }) => attemptNumber >= 3) ? 200 : 500;
    });
    const emitted = sandbox.emit(20);
    await sandbox.idle();
    expect(sorted([...attempts.keys()])).toEqual(eventIds(emitted));
    for (const seen of attempts.values()) {
      expect(seen.slice(0, 4)).toEqual([0, 1, 2, 3]);
      expect(seen).toEqual(seen.map((_, index) => index));
    }
    expect(sandbox.stats()).toMatchObject({ acknowledged: 20, given_up: 0 });
    // A batch that failed came back in other groups.
    expect(receiver.received.length).toBeGreaterThan(4);
    expect(receiver.received.every((request) => verified(request).verified)).toBe(true);
  });

  it('makes the same dedupe keys of retries, however they are grouped', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 6 ? 503 : 200));
    sandbox.emit(300);
    await sandbox.idle();
    const keys = receiver.received.flatMap((request) =>
      bound.webhook(request).drafts.map((draft) => draft.dedupeKey),
    );
    const distinct = new Set(items(receiver).map(({ eventId }) => eventId));
    expect(distinct.size).toBe(300);
    expect(keys.length).toBeGreaterThan(new Set(keys).size);
    const perEvent = new Set(
      receiver.received.flatMap((request) =>
        bound
          .webhook(request)
          .drafts.map((draft) => `${draft.payload.eventId}/${draft.eventType}/${draft.entityId}`),
      ),
    );
    expect(new Set(keys).size).toBe(perEvent.size);
  });

  it('gives up after ten retries', async () => {
    const { receiver, sandbox } = await start(() => 401);
    sandbox.emit(1);
    await sandbox.idle();
    expect(items(receiver).map(({ attemptNumber }) => attemptNumber)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(sandbox.stats()).toMatchObject({
      sent: 11,
      acknowledged: 0,
      refused: 11,
      retried: 10,
      given_up: 1,
      pending: 0,
    });
  });

  it('retries where no answer comes in time, and where nobody listens', async () => {
    const { receiver, sandbox, closeAfterTest } = await start(
      (_, index) => (index === 0 ? undefined : 200),
      {
        policy: { timeoutMs: 50 },
      },
    );
    sandbox.emit(1);
    await sandbox.idle();
    expect(items(receiver).map(({ attemptNumber }) => attemptNumber)).toEqual([0, 1]);

    const gone = await startReceiver();
    await gone.close();
    const lonely = await hubspotSandbox.start({
      targetUrl: gone.url,
      secret: SECRET,
      settings,
      timeScale: 10_000_000,
    });
    closeAfterTest(lonely);
    lonely.emit(3);
    await lonely.idle();
    expect(lonely.stats()).toMatchObject({ acknowledged: 0, given_up: 3 });
  });

  it('does not follow a redirect', async () => {
    const { sandbox } = await start((_, index) => (index === 0 ? 302 : 200), {
      policy: { retryDelayMs: () => undefined },
    });
    sandbox.emit(1);
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 0, given_up: 1, requests: 1 });
  });

  it('leaves no retry timer behind', async () => {
    const { sandbox } = await start(() => 500, { timeScale: 1 });
    const timers = () =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    sandbox.emit(5_000);
    await expect.poll(() => sandbox.stats().retried).toBe(5_000);
    const before = timers();
    await sandbox.close();
    expect(timers()).toBeLessThan(before - 40);
  });

  it('stops at once with answers and retries under way', async () => {
    const { receiver, sandbox } = await start((_, index) => (index === 0 ? 500 : undefined), {
      timeScale: 1,
      policy: { maxConcurrentRequests: 1 },
    });
    sandbox.emit(200);
    await expect.poll(() => receiver.received.length).toBe(2);
    await sandbox.close();
    expect(sandbox.stats().pending).toBe(0);
    await sandbox.idle();
  });
});

describe('custom pipelines', () => {
  it('move deals through the listed stages, to events the adapter resolves', async () => {
    const piped = settingsSchema.parse({ deal_pipelines: [RENEWALS] });
    const { receiver, sandbox } = await start(undefined, {
      settings: piped,
      policy: { maxConcurrentRequests: 1 },
    });
    for (const type of SANDBOX_TYPES) sandbox.emit(5, { type });
    sandbox.emit(400, { type: 'deal.propertyChange' });
    await sandbox.idle();
    const stages = items(receiver)
      .filter((item) => item.propertyName === 'dealstage')
      .map((item) => item.propertyValue);
    expect(new Set(stages)).toEqual(new Set(RENEWALS.stages.map(({ id }) => id)));

    const platform = new Platform(hubspotAdapter.bind(piped));
    const taken = receiver.received.map((request) => platform.take(request));
    expect(taken.flatMap(({ skipped }) => skipped)).toEqual([]);
    const types = taken.flatMap(({ events }) => events.map((event) => event.event_type));
    expect(types).toEqual(expect.arrayContaining(['deal.won', 'deal.lost', 'deal.deleted']));
    // All changes are there, and each deal is closed from an open stage here: none is won twice.
    const won = stages.filter((id) => id === '1043986' || id === '1043989').length;
    expect(types.filter((type) => type === 'deal.won')).toHaveLength(won);
  });
});

describe('misbehaviour', () => {
  it('duplicate sends every notification twice', async () => {
    const { receiver, sandbox } = await start();
    const emitted = eventIds(sandbox.emit(150, { misbehave: 'duplicate' }));
    await sandbox.idle();
    expect(sorted(eventIds(items(receiver)))).toEqual(sorted([...emitted, ...emitted]));
    expect(sandbox.stats()).toMatchObject({ emitted: 150, sent: 300, acknowledged: 300 });
  });

  it('reorder sends every notification once, out of order', async () => {
    const { receiver, sandbox } = await start(undefined, { policy: { maxConcurrentRequests: 1 } });
    const emitted = eventIds(sandbox.emit(150, { misbehave: 'reorder' }));
    await sandbox.idle();
    const got = eventIds(items(receiver));
    expect(got).not.toEqual(emitted);
    expect(sorted(got)).toEqual(emitted);
  });

  it('bad_signature is refused, and not retried', async () => {
    const { receiver, sandbox } = await start((request) =>
      verified(request).verified ? 200 : 401,
    );
    sandbox.emit(5, { misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual([
      { verified: false, reason: 'signature_mismatch' },
    ]);
    expect(sandbox.stats()).toMatchObject({ sent: 5, refused: 5, retried: 0, given_up: 0 });
  });

  it('late is stale at first and sound when retried', async () => {
    const { receiver, sandbox } = await start((request) =>
      verified(request).verified ? 200 : 401,
    );
    sandbox.emit(1, { misbehave: 'late' });
    await sandbox.idle();
    expect(receiver.received.map(verified)).toEqual([
      { verified: false, reason: 'timestamp_stale' },
      { verified: true },
    ]);
  });

  it('delay sends later, past what is made meanwhile', async () => {
    const { receiver, sandbox } = await start(undefined, { timeScale: 1 });
    const late = eventIds(sandbox.emit(3, { misbehave: 'delay', delay_ms: 100 }));
    const prompt = eventIds(sandbox.emit(3));
    await sandbox.idle();
    expect(receiver.received.map((request) => eventIds(itemsOf(request)))).toEqual([prompt, late]);
    expect(receiver.received.every((request) => verified(request).verified)).toBe(true);
  });

  it('huge_batch is refused whole, and comes back in sound requests', async () => {
    const codes: string[] = [];
    const { receiver, sandbox } = await start((request) => {
      expect(verified(request)).toEqual({ verified: true });
      try {
        bound.webhook(request);
        return 200;
      } catch (error) {
        codes.push((error as Problem).code);
        return 422;
      }
    });
    const emitted = eventIds(sandbox.emit(250, { misbehave: 'huge_batch' }));
    await sandbox.idle();
    expect(receiver.received.map((request) => itemsOf(request).length)[0]).toBe(250);
    expect(codes).toEqual(['invalid_body']);
    const accepted = receiver.received.slice(1).flatMap(itemsOf);
    expect(sorted(eventIds(accepted))).toEqual(emitted);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 250, given_up: 0 });
  });

  it('slow takes its time with the body, which arrives whole', async () => {
    const { receiver, sandbox } = await start(undefined, { timeScale: 1 });
    const emitted = eventIds(sandbox.emit(30, { misbehave: 'slow', delay_ms: 300 }));
    await sandbox.idle();
    expect(receiver.received.map((request) => eventIds(itemsOf(request)))).toEqual([emitted]);
    expect(receiver.received.map(verified)).toEqual([{ verified: true }]);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 30, retried: 0 });
  });

  it('drop sends nothing', async () => {
    const { receiver, sandbox } = await start();
    expect(sandbox.emit(5, { misbehave: 'drop' })).toHaveLength(5);
    sandbox.emit(1);
    await sandbox.idle();
    expect(items(receiver)).toHaveLength(1);
    expect(sandbox.stats()).toMatchObject({ emitted: 6, dropped: 5, sent: 1 });
  });
});

describe('the control surface', () => {
  const post = (sandbox: Sandbox, body: string) =>
    fetch(`${sandbox.controlUrl}/sandbox/emit`, { method: 'POST', body });

  it('emits and tells its figures', async () => {
    const { receiver, sandbox } = await start();
    const answer = await post(sandbox, '{"count":3,"type":"deal.propertyChange"}');
    expect([answer.status, await answer.json()]).toEqual([202, { emitted: 3 }]);
    await sandbox.idle();
    expect(items(receiver).map((item) => item.subscriptionType)).toEqual(
      Array(3).fill('deal.propertyChange'),
    );
    const stats = await fetch(`${sandbox.controlUrl}/sandbox/stats`);
    expect(await stats.json()).toEqual(sandbox.stats());
  });

  it.each([
    ['no JSON', 'count=3', 400],
    ['no count', '{}', 400],
    ['a count of nothing', '{"count":0}', 400],
    ['a count past all reason', '{"count":1000001}', 400],
    ['an unknown type', '{"count":1,"type":"deal.levitation"}', 400],
    ['an unknown misbehaviour', '{"count":1,"misbehave":"sulk"}', 400],
    ['an unknown field', '{"count":1,"colour":"red"}', 400],
    ['a body too large', `{"count":1,"x":"${'x'.repeat(70_000)}"}`, 413],
  ])('refuses %s', async (_name, body, status) => {
    const { sandbox } = await start();
    const answer = await post(sandbox, body);
    expect(answer.status).toBe(status);
    expect(sandbox.stats().emitted).toBe(0);
  });

  it('has nothing else', async () => {
    const { sandbox } = await start();
    expect((await fetch(`${sandbox.controlUrl}/sandbox/emit`)).status).toBe(404);
  });
});
