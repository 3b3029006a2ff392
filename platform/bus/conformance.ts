import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusUnavailable, EventTooLarge, InvalidRequest } from '#schemas/problems.ts';
import type { Bus, DeliveryHandler, SubscriptionOptions } from './bus.ts';
import { eventually as poll } from './testing/eventually.ts';
import { Gate, message, Recorder, textOf } from './testing/recorder.ts';

/** A bus under test. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** Closes the bus and opens another one over the same state. */
  reopen(): Promise<Bus>;
  /** Closes what is open and removes the state. */
  dispose(): Promise<void>;
}

export interface BusConformanceOptions {
  /** How long a delivery may take to come. Default 10,000 ms. */
  readonly waitMs?: number;
}

/**
 * What every bus does. Real: the driver and its storage. Nothing is doubled. Deliveries come some
 * time later and at least once, so a test waits for what must come, and shows that something does
 * not come by a later message of the same key.
 */
export function describeBus(
  name: string,
  makeBus: () => Promise<BusUnderTest>,
  { waitMs = 10_000 }: BusConformanceOptions = {},
): void {
  const quick: SubscriptionOptions = { backoff: { minMs: 10, maxMs: 50 } };
  const eventually = <Value>(read: () => Value) => poll(read, waitMs);

  describe(`${name}: bus`, () => {
    let under: BusUnderTest;
    let bus: Bus;
    let topic: string;
    beforeEach(async () => {
      under = await makeBus();
      bus = under.bus;
      topic = uniqueName('topic');
    });
    afterEach(() => under.dispose());

    /** Opens a subscription that is made if need be. */
    const receive = async (
      subscription: string,
      react?: DeliveryHandler,
      options: SubscriptionOptions = {},
    ) => {
      await bus.createSubscription(topic, subscription);
      const recorder = new Recorder(react);
      const open = await bus.subscribe(topic, subscription, recorder.handler, {
        ...quick,
        ...options,
      });
      return { recorder, close: () => open.close() };
    };
    const publish = (texts: readonly string[], key?: string) =>
      bus.publish(
        topic,
        texts.map((text) => message(text, key)),
      );

    it('carries data, attributes, key and time of publishing as they are', async () => {
      const { recorder } = await receive('subscriber');
      const data = JSON.stringify({ text: 'Grüße, 世界 👋 "quoted"\n', empty: '' });
      const attributes = { tenant_id: 'acme', 'ce-type': 'deal.won' };
      await bus.publish(topic, [{ data, attributes, orderingKey: 'con_1/deal/1' }]);
      await eventually(() => recorder.deliveries.length).toBeGreaterThan(0);
      const [delivery] = recorder.deliveries;
      expect(delivery).toMatchObject({ data, attributes, orderingKey: 'con_1/deal/1' });
      expect(delivery?.messageId).toMatch(/./);
      expect(delivery?.publishedAtMs).toBeGreaterThan(0);
    });

    it('keeps the order of each key, over calls and within one', async () => {
      const { recorder } = await receive('subscriber');
      const texts = (key: string) => Array.from({ length: 30 }, (_, index) => `${key}${index}`);
      for (let index = 0; index < 30; index += 3) {
        await bus.publish(
          topic,
          ['a', 'b', 'c'].flatMap((key) =>
            texts(key)
              .slice(index, index + 3)
              .map((text) => message(text, key)),
          ),
        );
      }
      await eventually(() => recorder.settled.length).toBe(90);
      for (const key of ['a', 'b', 'c']) {
        expect(recorder.delivered.filter((text) => text.startsWith(key))).toEqual(texts(key));
      }
    });

    it('starts no later message of a key while an earlier one is unsettled', async () => {
      const gate = new Gate();
      const { recorder } = await receive('subscriber', gate.pass);
      await publish(['first', 'second'], 'held');
      await publish(['other'], 'free');
      await eventually(() => recorder.delivered.toSorted()).toEqual(['first', 'other']);
      expect(recorder.delivered).not.toContain('second');
      gate.open();
      await eventually(() => recorder.settled).toContain('second');
    });

    it('hands out messages of one key side by side where no order is asked for', async () => {
      const gate = new Gate();
      const { recorder } = await receive('subscriber', gate.pass, { ordered: false });
      await publish(['first', 'second', 'third'], 'busy');
      await eventually(() => gate.inside).toBe(3);
      gate.open();
      await eventually(() => recorder.settled.toSorted()).toEqual(['first', 'second', 'third']);
    });

    it('delivers a failed message again beside the others where no order is asked for', async () => {
      const { recorder } = await receive(
        'subscriber',
        async (delivery) => {
          if (textOf(delivery) === 'failing') throw new Error('always');
        },
        { ordered: false },
      );
      await publish(['failing', 'second', 'third'], 'busy');
      await eventually(() => recorder.settled.toSorted()).toEqual(['second', 'third']);
      await eventually(() => recorder.attemptsOf('failing').length).toBeGreaterThan(1);
    });

    it('delivers again what failed, with growing attempts and in order', async () => {
      const { recorder } = await receive(
        'subscriber',
        async (delivery) => {
          if (textOf(delivery) === 'first' && delivery.attempt < 3) throw new Error('not yet');
        },
        { deadLetter: { topic: uniqueName('dead'), maxAttempts: 100 } },
      );
      await publish(['first', 'second']);
      await eventually(() => recorder.settled).toEqual(['first', 'second']);
      expect(recorder.attemptsOf('first').slice(0, 3)).toEqual([1, 2, 3]);
    });

    it('delivers again what was not settled within its lease, and aborts the signal', async () => {
      const aborted: string[] = [];
      const { recorder } = await receive(
        'subscriber',
        async (delivery, signal) => {
          if (delivery.attempt > 1) return;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          aborted.push(textOf(delivery));
          throw new Error('out of time');
        },
        { leaseMs: 200, deadLetter: { topic: uniqueName('dead'), maxAttempts: 100 } },
      );
      await publish(['slow', 'next']);
      await eventually(() => recorder.settled).toEqual(['slow', 'next']);
      expect(aborted).toContain('slow');
    });

    it('does not let a failing key hold up other keys or messages without a key', async () => {
      const { recorder } = await receive('subscriber', async ({ orderingKey, data }) => {
        if (orderingKey === 'poisoned' || data === '"poisoned"') throw new Error('always');
      });
      await publish(['p1', 'p2'], 'poisoned');
      await publish(['poisoned', 'u1', 'u2'], '');
      await publish(['h1', 'h2'], 'healthy');
      await eventually(() => recorder.settled.toSorted()).toEqual(['h1', 'h2', 'u1', 'u2']);
      expect(recorder.delivered).not.toContain('p2');
    });

    it('moves a message that fails too often to the dead-letter topic and goes on', async () => {
      const deadTopic = uniqueName('dead');
      await bus.createSubscription(deadTopic, 'dead-reader');
      const dead = new Recorder();
      await bus.subscribe(deadTopic, 'dead-reader', dead.handler, quick);
      const { recorder } = await receive(
        'subscriber',
        async (delivery) => {
          if (textOf(delivery) === 'poison') throw new Error('always');
        },
        { deadLetter: { topic: deadTopic, maxAttempts: 5 } },
      );
      await publish(['poison', 'healthy']);
      await eventually(() => dead.delivered).toEqual(['poison']);
      await eventually(() => recorder.settled).toEqual(['healthy']);
      expect(dead.deliveries[0]).toMatchObject({ attributes: { kind: 'test' } });
      expect(recorder.attemptsOf('poison').length).toBeGreaterThanOrEqual(5);
    });

    it('has no more deliveries under way than allowed, and that many', async () => {
      const gate = new Gate();
      const { recorder } = await receive('subscriber', gate.pass, { maxInFlight: 3 });
      await bus.publish(
        topic,
        Array.from({ length: 10 }, (_, index) => message(`m${index}`, `key${index}`)),
      );
      await eventually(() => gate.inside).toBe(3);
      gate.open();
      await eventually(() => recorder.settled.length).toBe(10);
      expect(gate.mostInside).toBe(3);
    });

    it('gives every subscription every message', async () => {
      const [one, two] = [await receive('subscriber-1'), await receive('subscriber-2')];
      await publish(['a', 'b']);
      await eventually(() => one.recorder.settled).toEqual(['a', 'b']);
      await eventually(() => two.recorder.settled).toEqual(['a', 'b']);
    });

    it('holds for a subscription what is published after its creation, and only that', async () => {
      await publish(['before']);
      await bus.createSubscription(topic, 'subscriber');
      await publish(['after']);
      await bus.createSubscription(topic, 'subscriber');
      const { recorder } = await receive('subscriber');
      await publish(['later']);
      await eventually(() => recorder.settled).toEqual(['after', 'later']);
    });

    it('delivers after a reopening what nobody had settled', async () => {
      const failing = await receive('failing', async () => {
        throw new Error('not in this process');
      });
      await bus.createSubscription(topic, 'waiting');
      await publish(['a', 'b']);
      await eventually(() => failing.recorder.delivered).toEqual(['a']);
      bus = await under.reopen();
      for (const subscription of ['failing', 'waiting']) {
        const { recorder } = await receive(subscription);
        await eventually(() => recorder.settled).toEqual(['a', 'b']);
      }
    });

    it('does not deliver after a graceful close what was settled', async () => {
      const first = await receive('subscriber', async (delivery) => {
        if (delivery.orderingKey === 'failing') throw new Error('not in this process');
      });
      await publish(['open'], 'failing');
      await publish(['settled'], 'working');
      await eventually(() => first.recorder.settled).toEqual(['settled']);
      bus = await under.reopen();
      const { recorder } = await receive('subscriber');
      await publish(['last'], 'working');
      await eventually(() => recorder.settled.toSorted()).toEqual(['last', 'open']);
    });

    it('closes a subscription after its handlers, and opens it again for the rest', async () => {
      const gate = new Gate();
      const first = await receive('subscriber', gate.pass);
      await publish(['under way', 'rest']);
      await eventually(() => gate.inside).toBe(1);
      const closing = first.close();
      gate.open();
      await closing;
      const second = await receive('subscriber');
      await publish(['last']);
      // Whether what it had received goes on here or there is the driver's to choose.
      await eventually(() => [...first.recorder.settled, ...second.recorder.settled]).toEqual([
        'under way',
        'rest',
        'last',
      ]);
      expect(first.recorder.settled[0]).toBe('under way');
    });

    it('refuses a message that is too large, and sends none of its batch', async () => {
      const { recorder } = await receive('subscriber');
      const large = { ...message('small', 'key'), data: `"${'x'.repeat(bus.maxMessageBytes)}"` };
      await expect(bus.publish(topic, [message('a', 'key'), large])).rejects.toThrow(EventTooLarge);
      await publish(['b'], 'key');
      await eventually(() => recorder.settled).toEqual(['b']);
    });

    it('says whether publishing can work', async () => {
      await bus.createSubscription(topic, 'subscriber');
      await bus.check(topic);
      await bus.close();
      await expect(bus.check(topic)).rejects.toThrow(BusUnavailable);
    });

    it('refuses a subscription that does not exist', async () => {
      await expect(bus.subscribe(topic, 'nobody', async () => {})).rejects.toThrow(InvalidRequest);
      await bus.createSubscription(topic, 'somebody');
      await expect(bus.subscribe(topic, 'nobody', async () => {})).rejects.toThrow(InvalidRequest);
    });

    it('shows messages to watchers, with or without a subscription, until they close', async () => {
      const seen: string[] = [];
      const closedSeen: string[] = [];
      await bus.watch(topic, () => {
        throw new Error('a view that fails');
      });
      await bus.watch(topic, (shown) => seen.push(textOf(shown)));
      const closed = await bus.watch(topic, (shown) => closedSeen.push(textOf(shown)));
      await publish(['without']);
      await eventually(() => closedSeen).toEqual(['without']);
      await closed.close();
      await bus.createSubscription(topic, 'subscriber');
      await publish(['with']);
      await eventually(() => seen).toEqual(['without', 'with']);
      expect(closedSeen).toEqual(['without']);
    });

    it('syncs what was confirmed, and refuses to publish once it is closed', async () => {
      await bus.createSubscription(topic, 'subscriber');
      await publish(['kept']);
      await bus.sync();
      await bus.close();
      await expect(publish(['late'])).rejects.toThrow(BusUnavailable);
      await bus.close();
      bus = await under.reopen();
      const { recorder } = await receive('subscriber');
      await publish(['last']);
      await eventually(() => recorder.settled).toEqual(['kept', 'last']);
    });
  });
}

function uniqueName(kind: string): string {
  return `${kind}-${randomUUID()}`;
}
