import { afterEach, describe, expect, it } from 'vitest';
import type { WebhookRequest } from '../adapter.ts';
import type { AccountOptions, DeliveryPolicy, Sandbox, SandboxAccount } from './contract.ts';
import type { EmitOptions } from './emit-options.ts';
import { type Decide, startReceiver } from './receiver.test-support.ts';
import { startSandbox } from './sandbox.ts';

// Real: the delivery of every sandbox, HTTP on loopback, the timers. Doubled: the provider, whose
// changes are numbers. Retries wait for milliseconds: attempts, order and counts may be asserted, but
// no duration.

const POLICY: DeliveryPolicy = {
  maxBatch: 10,
  maxConcurrentRequests: 1,
  timeoutMs: 2_000,
  retryDelayMs: (retry) => (retry > 3 ? undefined : 10),
  regroups: false,
};

interface Item {
  readonly id: number;
  readonly attempt: number;
}

function makeAccount({ targetUrl }: AccountOptions<unknown>): SandboxAccount<number> {
  let next = 0;
  return {
    changeTypes: ['number'],
    policy: POLICY,
    change: () => next++,
    records: () => next,
    request: (changes, { secret, nowMs }) => ({
      method: 'POST',
      url: targetUrl,
      headers: { 'x-secret': secret, 'x-stated': String(nowMs) },
      body: Buffer.from(
        JSON.stringify(changes.map(({ change, attempt }) => ({ id: change, attempt }))),
      ),
    }),
  };
}

const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
});

async function start(
  decide: Decide = () => 200,
  policy: Partial<DeliveryPolicy> = {},
  timeScale = 1,
) {
  const receiver = await startReceiver(decide);
  const options = { targetUrl: receiver.url, secret: 's', settings: {}, policy, timeScale };
  const sandbox = await startSandbox(makeAccount, options);
  started.push(receiver, sandbox);
  return { receiver, sandbox };
}

const itemsOf = ({ body }: WebhookRequest) => JSON.parse(body.toString()) as Item[];
const idsOf = (request: WebhookRequest) => itemsOf(request).map(({ id }) => id);
const upTo = (count: number) => Array.from({ length: count }, (_, id) => id);

function expectBalanced(sandbox: Sandbox) {
  const { emitted, acknowledged, given_up, dropped, pending } = sandbox.stats();
  expect(acknowledged + given_up + dropped + pending).toBe(emitted);
}

describe('the figures', () => {
  const cases: readonly [name: string, decide: Decide, options: EmitOptions | undefined][] = [
    ['all is well', () => 200, undefined],
    ['every second request fails', (_, index) => (index % 2 === 0 ? 500 : 200), undefined],
    ['nothing is ever acknowledged', () => 500, undefined],
    ['changes are shuffled', () => 200, { misbehave: 'reorder' }],
    ['changes wait', () => 200, { misbehave: 'delay', delay_ms: 5 }],
    ['changes are withheld', () => 200, { misbehave: 'drop' }],
    ['the time is stale', (_, index) => (index < 3 ? 401 : 200), { misbehave: 'late' }],
    ['bodies are slow', () => 200, { misbehave: 'slow', delay_ms: 20 }],
    ['a batch is huge', (_, index) => (index < 2 ? 422 : 200), { misbehave: 'huge_batch' }],
  ];
  describe.each([true, false])('where regrouping is %s', (regroups) => {
    it.each(cases)('add up when %s', async (_name, decide, options) => {
      const { sandbox } = await start(decide, { regroups, maxConcurrentRequests: 3 });
      sandbox.emit(55, options);
      expectBalanced(sandbox);
      await sandbox.idle();
      expectBalanced(sandbox);
      const { emitted, pending, sent, acknowledged, refused } = sandbox.stats();
      expect({ emitted, pending }).toEqual({ emitted: 55, pending: 0 });
      expect(sent).toBe(acknowledged + refused);
    });
  });

  it('add up while answers are awaited', async () => {
    const { receiver, sandbox } = await start((_, index) => (index === 0 ? 200 : undefined));
    sandbox.emit(25);
    await expect.poll(() => receiver.received.length).toBe(2);
    expectBalanced(sandbox);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 10, pending: 15, sent: 20 });
  });
});

describe('groups', () => {
  it('stay as they are where the provider does not regroup', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 4 ? 500 : 200));
    sandbox.emit(25);
    await sandbox.idle();
    const groups = [upTo(25).slice(0, 10), upTo(25).slice(10, 20), upTo(25).slice(20)];
    for (const request of receiver.received) expect(groups).toContainEqual(idsOf(request));
    expect(sandbox.stats()).toMatchObject({ acknowledged: 25, retried: expect.any(Number) });
    expect(receiver.received).toHaveLength(7);
  });

  it('come apart where it does, and none is larger than the provider allows', async () => {
    const { receiver, sandbox } = await start((_, index) => (index < 4 ? 500 : 200), {
      regroups: true,
    });
    sandbox.emit(25);
    await sandbox.idle();
    expect(Math.max(...receiver.received.map((request) => idsOf(request).length))).toBe(10);
    const sent = receiver.received.map((request) => idsOf(request).join());
    expect(new Set(sent).size).toBeGreaterThan(3);
    expect(sandbox.stats().acknowledged).toBe(25);
  });

  it('that were huge come back in the size of a provider that regroups', async () => {
    const tooMany = (request: WebhookRequest) => (itemsOf(request).length > 10 ? 422 : 200);
    const { receiver, sandbox } = await start(tooMany, { regroups: true });
    sandbox.emit(25, { misbehave: 'huge_batch' });
    await sandbox.idle();
    const sizes = receiver.received.map((request) => itemsOf(request).length);
    expect(sizes[0]).toBe(25);
    expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(10);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 25, given_up: 0 });
  });

  it('that are huge stay so at a provider that does not, until it gives up', async () => {
    const { receiver, sandbox } = await start(() => 422);
    sandbox.emit(25, { misbehave: 'huge_batch' });
    await sandbox.idle();
    expect(receiver.received.map((request) => itemsOf(request).length)).toEqual([25, 25, 25, 25]);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 0, given_up: 25, retried: 75 });
  });
});

describe('deactivation', () => {
  const policy = { deactivateAfterFailures: 3 };

  it('comes after so many failures in a row, and gives up what waits', async () => {
    const { receiver, sandbox } = await start(() => 500, policy);
    sandbox.emit(100);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(3);
    expect(sandbox.stats()).toMatchObject({ deactivated: true, given_up: 100, requests: 3 });
    expectBalanced(sandbox);
  });

  it('is not reached where a success comes between', async () => {
    const { sandbox } = await start((_, index) => (index % 3 === 2 ? 200 : 500), policy);
    sandbox.emit(40);
    await sandbox.idle();
    expect(sandbox.stats().deactivated).toBe(false);
    expectBalanced(sandbox);
  });

  it('drops what is made meanwhile, and ends when it is activated', async () => {
    let works = false;
    const { receiver, sandbox } = await start(() => (works ? 200 : 410), policy);
    sandbox.emit(50);
    await sandbox.idle();
    sandbox.emit(7);
    expect(sandbox.stats()).toMatchObject({ given_up: 50, dropped: 7, pending: 0 });
    works = true;
    sandbox.activate();
    expect(sandbox.stats().deactivated).toBe(false);
    sandbox.emit(5);
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 5, dropped: 7, emitted: 62 });
    expect(receiver.received.map(idsOf).at(-1)).toEqual([57, 58, 59, 60, 61]);
    expectBalanced(sandbox);
  });

  it('counts failures in a row anew after it is activated', async () => {
    const { receiver, sandbox } = await start(() => 500, policy);
    sandbox.emit(50);
    await sandbox.idle();
    sandbox.activate();
    sandbox.emit(50);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(6);
    expect(sandbox.stats()).toMatchObject({ deactivated: true, given_up: 100 });
  });

  it('also ends the retries of requests that were under way', async () => {
    // Five at once: three fail, one is acknowledged, and the last fails when all is over.
    const open = new Map<number, (status: number) => void>();
    const { receiver, sandbox } = await start(
      (_, index) => new Promise<number>((resolve) => open.set(index, resolve)),
      { ...policy, maxConcurrentRequests: 5 },
    );
    sandbox.emit(50);
    await expect.poll(() => open.size).toBe(5);
    for (const index of [0, 1, 2]) open.get(index)?.(500);
    await expect.poll(() => sandbox.stats().deactivated).toBe(true);
    open.get(3)?.(200);
    await expect.poll(() => sandbox.stats().acknowledged).toBe(10);
    open.get(4)?.(500);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(5);
    expect(sandbox.stats()).toMatchObject({ acknowledged: 10, given_up: 40, pending: 0 });
    expectBalanced(sandbox);
  });

  it('includes what was delayed', async () => {
    const { receiver, sandbox } = await start(() => 500, policy);
    sandbox.emit(10, { misbehave: 'delay', delay_ms: 600_000 });
    sandbox.emit(40);
    await sandbox.idle();
    expect(receiver.received).toHaveLength(3);
    expect(sandbox.stats()).toMatchObject({ given_up: 50, pending: 0 });
  });
});

describe('flaws', () => {
  it('delay lets later changes pass', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(2, { misbehave: 'delay', delay_ms: 50 });
    sandbox.emit(2);
    expect(sandbox.stats()).toMatchObject({ emitted: 4, pending: 4 });
    await sandbox.idle();
    expect(receiver.received.map(idsOf)).toEqual([
      [2, 3],
      [0, 1],
    ]);
  });

  it('of the first attempt are not repeated', async () => {
    const { receiver, sandbox } = await start((_, index) => (index === 0 ? 401 : 200));
    sandbox.emit(1, { misbehave: 'late' });
    await sandbox.idle();
    const ages = receiver.received.map(
      ({ headers, receivedAtMs }) => receivedAtMs - Number(headers['x-stated']),
    );
    expect(ages.map((ageMs) => ageMs > 300_000)).toEqual([true, false]);
  });

  it('a forged request is signed otherwise, and not sent again', async () => {
    const { receiver, sandbox } = await start(() => 401, { deactivateAfterFailures: 1 });
    sandbox.emit(1, { misbehave: 'bad_signature' });
    await sandbox.idle();
    expect(receiver.received.map(({ headers }) => headers['x-secret'])).toEqual(['not-s']);
    // Nobody gave the webhook up for what the provider did not send.
    expect(sandbox.stats()).toMatchObject({ refused: 1, deactivated: false, pending: 0 });
  });

  it.each(['slow', 'delay'] as const)(
    '%s goes by a scale that divides no delay',
    async (misbehave) => {
      const { receiver, sandbox } = await start(() => 200, {}, 7);
      sandbox.emit(3, { misbehave, delay_ms: 100 });
      await sandbox.idle();
      expect(receiver.received.flatMap(idsOf)).toEqual(upTo(3));
    },
  );

  it('slow bodies arrive whole, and one that finds nobody is retried', async () => {
    const { receiver, sandbox } = await start();
    sandbox.emit(3, { misbehave: 'slow', delay_ms: 40 });
    await sandbox.idle();
    expect(receiver.received.map(idsOf)).toEqual([upTo(3)]);
    await receiver.close();
    sandbox.emit(1, { misbehave: 'slow', delay_ms: 40 });
    await sandbox.idle();
    expect(sandbox.stats()).toMatchObject({ acknowledged: 3, given_up: 1, retried: 3 });
  });
});
