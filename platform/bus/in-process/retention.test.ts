import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BusUnavailable } from '#schemas/problems.ts';
import type { Bus } from '../bus.ts';
import { eventually } from '../testing/eventually.ts';
import { message, Recorder } from '../testing/recorder.ts';
import { type TemporaryBus, temporaryBus } from './testing/temporary-bus.ts';

const TOPIC = 'events';
const MAX_LOG_BYTES = 40_000;

let under: TemporaryBus;
afterEach(() => under.dispose());

async function openBus(): Promise<Bus> {
  under = await temporaryBus({ maxLogBytes: MAX_LOG_BYTES, segmentBytes: 2_000 });
  return under.bus;
}

const big = (text: string) => message(text + 'x'.repeat(1_000));

async function logFiles(): Promise<string[]> {
  const names = await readdir(join(under.dataDir, TOPIC));
  return names.filter((name) => name.endsWith('.log'));
}

async function logBytes(): Promise<number> {
  const sizes = (await logFiles()).map(async (name) => {
    return (await stat(join(under.dataDir, TOPIC, name))).size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('retention', () => {
  it('deletes segments when every subscription has confirmed them, not before', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'fast');
    await bus.createSubscription(TOPIC, 'slow');
    const fast = new Recorder();
    await bus.subscribe(TOPIC, 'fast', fast.handler);
    for (let index = 0; index < 20; index += 1) await bus.publish(TOPIC, [big(`m${index}`)]);
    await eventually(() => fast.settled.length).toBe(20);
    const reopened = await under.reopen();
    expect((await logFiles()).length).toBe(10);
    const slow = new Recorder();
    await reopened.subscribe(TOPIC, 'slow', slow.handler);
    await eventually(() => slow.settled.length).toBe(20);
    await eventually(logFiles).toHaveLength(0);
  });

  it('refuses to publish beyond its limit, names who is behind, and recovers', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'keeps-up');
    await bus.createSubscription(TOPIC, 'lags');
    const keepsUp = new Recorder();
    await bus.subscribe(TOPIC, 'keeps-up', keepsUp.handler);
    let published = 0;
    const refusal = await (async () => {
      for (;;) {
        try {
          await bus.publish(TOPIC, [big(`m${published}`)]);
          published += 1;
        } catch (error) {
          return error;
        }
      }
    })();
    expect(refusal).toBeInstanceOf(BusUnavailable);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(`subscription lags is behind by ${published} messages`),
      retryAfterSeconds: 10,
    });
    expect(published).toBeGreaterThan(30);
    expect(await logBytes()).toBeLessThanOrEqual(MAX_LOG_BYTES);
    const lags = new Recorder();
    await bus.subscribe(TOPIC, 'lags', lags.handler);
    await eventually(() => lags.settled.length).toBe(published);
    await bus.publish(TOPIC, [big('more')]);
    await eventually(() => keepsUp.settled.length).toBe(published + 1);
  });

  it('takes a publish of most of the limit again and again, once all is confirmed', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const reader = new Recorder();
    await bus.subscribe(TOPIC, 'reader', reader.handler);
    for (let round = 1; round <= 5; round += 1) {
      await bus.publish(
        TOPIC,
        Array.from({ length: 30 }, (_, index) => big(`${round}-${index}-`)),
      );
      await eventually(() => reader.settled.length).toBe(round * 30);
    }
    expect(await logBytes()).toBeLessThanOrEqual(MAX_LOG_BYTES);
  });

  it('counts what waits to be written', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const published = Array.from({ length: 60 }, (_, index) =>
      bus.publish(TOPIC, [big(`m${index}`)]),
    );
    const refused = (await Promise.allSettled(published)).filter((r) => r.status === 'rejected');
    expect(refused.length).toBeGreaterThan(20);
    expect(await logBytes()).toBeLessThanOrEqual(MAX_LOG_BYTES);
  });

  it('refuses one publish that is longer than the log may be, and takes in nothing of it', async () => {
    const bus = await openBus();
    await bus.createSubscription(TOPIC, 'reader');
    const many = Array.from({ length: 50 }, (_, index) => big(`m${index}`));
    await expect(bus.publish(TOPIC, many)).rejects.toThrow(/publish fewer messages at a time/);
    await bus.publish(TOPIC, [big('small')]);
    const reader = new Recorder();
    await bus.subscribe(TOPIC, 'reader', reader.handler);
    await eventually(() => reader.settled.length).toBe(1);
  });
});
