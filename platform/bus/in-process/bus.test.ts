import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BusUnavailable, InvalidRequest } from '#schemas/problems.ts';
import type { Bus, SubscriptionOptions } from '../bus.ts';
import { eventually } from '../testing/eventually.ts';
import { Gate, message, Recorder, textOf } from '../testing/recorder.ts';
import type { InProcessBusOptions } from './bus.ts';
import { segmentPath } from './segments.ts';
import { type TemporaryBus, temporaryBus } from './testing/temporary-bus.ts';

const TOPIC = 'events';
const quick: SubscriptionOptions = { backoff: { minMs: 1, maxMs: 5 } };
const fails = async () => {
  throw Object.assign(new TypeError('jane@example.com'), { code: 'E_TEST' });
};

let under: TemporaryBus | undefined;
afterEach(async () => {
  await under?.dispose();
  under = undefined;
});

async function openBus(options?: Partial<InProcessBusOptions>): Promise<Bus> {
  under = await temporaryBus(options);
  return under.bus;
}

describe('in-process bus', () => {
  it('writes nothing for a topic that has no subscription', async () => {
    const bus = await openBus();
    await bus.publish(TOPIC, [message('a')]);
    expect(await readdir(under?.dataDir ?? '')).toEqual([]);
  });

  it('refuses to open a subscription twice, and opens it again after its close', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const open = await bus.subscribe(TOPIC, 'reader', async () => {});
    const again = () => bus.subscribe(TOPIC, 'reader', async () => {});
    await expect(again()).rejects.toThrow(/reader of topic events is already open/);
    await open.close();
    await (await again()).close();
  });

  it.each<{ name: string; options: SubscriptionOptions; says: RegExp }>([
    { name: 'no delivery at all', options: { maxInFlight: 0 }, says: /maxInFlight/ },
    { name: 'a lease longer than a timer', options: { leaseMs: 2 ** 31 }, says: /leaseMs/ },
    {
      name: 'a maximum below the minimum',
      options: { backoff: { minMs: 10, maxMs: 5 } },
      says: /backoff.maxMs/,
    },
    {
      name: 'no attempt at all',
      options: { deadLetter: { topic: 'dead', maxAttempts: 0 } },
      says: /maxAttempts/,
    },
    {
      name: 'a topic as its own dead-letter topic',
      options: { deadLetter: { topic: TOPIC, maxAttempts: 5 } },
      says: /its own dead-letter topic/,
    },
  ])('refuses $name', async ({ options, says }) => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const opening = bus.subscribe(TOPIC, 'reader', async () => {}, options);
    await expect(opening).rejects.toThrow(InvalidRequest);
    await expect(opening).rejects.toThrow(says);
  });

  it.each(['', 'ab', '../../etc', 'Capital', 'a/b/c', 'google-topic', 'x'.repeat(201)])(
    'refuses the name "%s"',
    async (name) => {
      const bus = await openBus();
      await expect(bus.createSubscription(name, 'reader')).rejects.toThrow(InvalidRequest);
      await expect(bus.createSubscription(TOPIC, name)).rejects.toThrow(InvalidRequest);
    },
  );

  it('says in a dead letter where it comes from and why, without values', async () => {
    const bus = await openBus();
    await bus.createSubscription('dead', 'dead-reader');
    await bus.createSubscription(TOPIC, 'reader');
    const dead = new Recorder();
    await bus.subscribe('dead', 'dead-reader', dead.handler);
    await bus.subscribe(TOPIC, 'reader', fails, {
      ...quick,
      deadLetter: { topic: 'dead', maxAttempts: 2 },
    });
    await bus.publish(TOPIC, [message('poison', 'k')]);
    await eventually(() => dead.deliveries.length).toBe(1);
    expect(dead.deliveries[0]).toMatchObject({
      data: '"poison"',
      orderingKey: 'k',
      attributes: {
        kind: 'test',
        dead_letter_source_subscription: 'reader',
        dead_letter_attempts: '2',
        dead_letter_reason: 'TypeError E_TEST',
      },
    });
  });

  it('counts attempts on after a restart', async () => {
    let bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const slow: SubscriptionOptions = { backoff: { minMs: 60_000, maxMs: 60_000 } };
    const first = new Recorder(fails);
    await bus.subscribe(TOPIC, 'reader', first.handler, slow);
    await bus.publish(TOPIC, [message('a')]);
    await eventually(() => first.attemptsOf('a')).toEqual([1]);
    bus = (await under?.reopen()) ?? bus;
    const second = new Recorder();
    await bus.subscribe(TOPIC, 'reader', second.handler);
    await eventually(() => second.attemptsOf('a')).toEqual([2]);
  });

  it('ignores what a handler does after its lease, and leaves its place to others', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const gate = new Gate();
    const recorder = new Recorder(async ({ attempt }) => {
      if (attempt === 1) await gate.pass();
    });
    await bus.subscribe(TOPIC, 'reader', recorder.handler, {
      ...quick,
      leaseMs: 20,
      maxInFlight: 1,
    });
    await bus.publish(TOPIC, [message('stuck', 'a')]);
    await eventually(() => recorder.attemptsOf('stuck')).toEqual([1, 2]);
    gate.open();
    await bus.publish(TOPIC, [message('next', 'a')]);
    await eventually(() => recorder.settled).toEqual(['stuck', 'next']);
    expect(recorder.attemptsOf('stuck')).toEqual([1, 2]);
  });

  it('closes without a handler that does not end, aborts it and delivers its message again', async () => {
    let bus = await openBus({ closeTimeoutMs: 20 });
    await bus.createSubscription(TOPIC, 'reader');
    const gate = new Gate();
    let aborted = false;
    const first = new Recorder((_, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return gate.pass();
    });
    const open = await bus.subscribe(TOPIC, 'reader', first.handler);
    await bus.publish(TOPIC, [message('a')]);
    await eventually(() => gate.inside).toBe(1);
    await open.close();
    expect(aborted).toBe(true);
    const held = new Gate();
    const second = new Recorder(held.pass);
    await bus.subscribe(TOPIC, 'reader', second.handler);
    await eventually(() => second.delivered).toEqual(['a']);
    // Too late to count: the message is the second handler's.
    gate.open();
    await eventually(() => first.settled).toEqual(['a']);
    bus = (await under?.reopen()) ?? bus;
    const third = new Recorder();
    await bus.subscribe(TOPIC, 'reader', third.handler);
    await eventually(() => third.settled).toEqual(['a']);
    held.open();
  });

  it('refuses what could not be written, and carries on when the disk does', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const recorder = new Recorder();
    await bus.subscribe(TOPIC, 'reader', recorder.handler);
    // A folder where the log's first file should be.
    await mkdir(segmentPath(join(under?.dataDir ?? '', TOPIC), 0));
    const refused = bus.publish(TOPIC, [message('lost')]);
    await expect(refused).rejects.toThrow(BusUnavailable);
    await expect(refused).rejects.toMatchObject({ cause: { code: 'EISDIR' } });
    await bus.publish(TOPIC, [message('a'), message('b')]);
    await eventually(() => recorder.settled).toEqual(['a', 'b']);
  });

  it('gives messages the time of its clock', async () => {
    const bus = await openBus({ clock: () => 1_234 });
    await bus.createSubscription(TOPIC, 'reader');
    await bus.publish(TOPIC, [message('a')]);
    const recorder = new Recorder();
    await bus.subscribe(TOPIC, 'reader', recorder.handler);
    await eventually(() => recorder.deliveries.at(0)?.publishedAtMs).toBe(1_234);
  });

  it('is not hurt by a watcher that rejects', async () => {
    const bus = await openBus();
    await bus.watch(TOPIC, fails);
    const seen: string[] = [];
    await bus.watch(TOPIC, (shown) => seen.push(textOf(shown)));
    await bus.publish(TOPIC, [message('a')]);
    expect(seen).toEqual(['a']);
  });

  it('keeps order and passes over nothing when a subscription falls behind and catches up', async () => {
    const bus = await openBus({ segmentBytes: 20_000 });
    await bus.createSubscription(TOPIC, 'reader');
    const gate = new Gate();
    const recorder = new Recorder(gate.pass);
    await bus.subscribe(TOPIC, 'reader', recorder.handler, { maxInFlight: 8 });
    const texts = Array.from({ length: 5_000 }, (_, index) => `m${index}`);
    for (let index = 0; index < texts.length; index += 100) {
      const part = texts.slice(index, index + 100);
      await bus.publish(
        TOPIC,
        part.map((text, offset) => message(text, `key${offset % 7}`)),
      );
      // The first thousand are passed on in memory; then the subscription lags, and catches up.
      if (index === 3_000) gate.open();
    }
    await eventually(() => recorder.settled.length).toBe(5_000);
    expect(recorder.deliveries.length).toBe(5_000);
    const keyed = Map.groupBy(recorder.deliveries, ({ orderingKey }) => orderingKey);
    for (const deliveries of keyed.values()) {
      const ids = deliveries.map(({ messageId }) => Number(messageId));
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    }
  });
});
