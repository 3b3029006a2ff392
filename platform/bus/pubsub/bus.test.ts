import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { freePort } from '#platform/testing/server-process.ts';
import { BusUnavailable, InvalidRequest, ResourceMissing } from '#schemas/problems.ts';
import type { Bus, Delivery, SubscriptionOptions } from '../bus.ts';
import { eventually } from '../testing/eventually.ts';
import { Gate, message, Recorder, textOf } from '../testing/recorder.ts';
import type { PubSubBusOptions } from './bus.ts';
import { type EmulatedBus, emulatedBus } from './testing/emulated-bus.ts';
import { PUBSUB_EMULATOR, type PubSubEmulator, startPubSubEmulator } from './testing/emulator.ts';

const TOPIC = 'events';
const quick: SubscriptionOptions = { backoff: { minMs: 10, maxMs: 50 } };
const runFile = promisify(execFile);

/**
 * Real: Google's client and Google's emulator. What the emulator does not do is tested otherwise:
 * limits of size and attributes in message-limits.test.ts; permissions, quotas, silence and
 * redelivery of a key's later messages in bus.project.test.ts. Filters and push are not used.
 */
describeWith(PUBSUB_EMULATOR, (jarPath) => {
  describe('Pub/Sub bus on the emulator', () => {
    let emulator: PubSubEmulator;
    let under: EmulatedBus;
    let bus: Bus;
    beforeAll(async () => {
      emulator = await startPubSubEmulator(jarPath);
    });
    afterAll(() => emulator.stop());
    const openBus = async (options?: Partial<PubSubBusOptions>) => {
      await under?.dispose();
      under = await emulatedBus(emulator.host, options);
      bus = under.bus;
    };
    beforeEach(() => openBus());
    afterEach(() => under.dispose());

    const subscriptionsLeft = async () => {
      const admin = new PubSub({
        projectId: under.projectId,
        apiEndpoint: emulator.host,
        clientOptions: { universeDomain: 'googleapis.com' },
      });
      const [subscriptions] = await admin.getSubscriptions();
      await admin.close();
      return subscriptions.map(({ name }) => name.split('/').at(-1));
    };

    it('keeps the order of a key over calls that do not wait for each other', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const recorder = new Recorder();
      await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      const texts = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(texts.map((text) => bus.publish(TOPIC, [message(text)])));
      await eventually(() => recorder.settled).toEqual(texts);
      // The subscription it made keeps order, or it would have said so.
      expect(under.warnings).toEqual([]);
    });

    it('says in a dead letter where it comes from and why, without values', async () => {
      await bus.createSubscription('dead', 'dead-reader');
      await bus.createSubscription(TOPIC, 'reader');
      const dead = new Recorder();
      await bus.subscribe('dead', 'dead-reader', dead.handler, quick);
      const recorder = new Recorder(async () => {
        throw Object.assign(new TypeError('jane@example.com'), { code: 'E_TEST' });
      });
      const deadLetter = { topic: 'dead', maxAttempts: 2 };
      await bus.subscribe(TOPIC, 'reader', recorder.handler, { ...quick, deadLetter });
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
      expect(recorder.attemptsOf('poison')).toEqual([1, 2]);
    });

    it('charges a failed message to nobody behind it', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const recorder = new Recorder(async (delivery) => {
        if (textOf(delivery) === 'first' && delivery.attempt < 4) throw new Error('not yet');
      });
      const deadLetter = { topic: 'dead', maxAttempts: 10 };
      await bus.subscribe(TOPIC, 'reader', recorder.handler, { ...quick, deadLetter });
      await bus.publish(
        TOPIC,
        ['first', 'second', 'third'].map((text) => message(text)),
      );
      await eventually(() => recorder.settled).toEqual(['first', 'second', 'third']);
      expect(recorder.attemptsOf('first')).toEqual([1, 2, 3, 4]);
      expect(recorder.attemptsOf('second')).toEqual([1]);
      expect(recorder.attemptsOf('third')).toEqual([1]);
    });

    it('counts attempts in this process where Pub/Sub counts none', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const recorder = new Recorder(async ({ attempt }) => {
        if (attempt < 3) throw new Error('not yet');
      });
      await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('a')]);
      await eventually(() => recorder.settled).toEqual(['a']);
      expect(recorder.attemptsOf('a')).toEqual([1, 2, 3]);
    });

    it('fails to publish in time while the service is away, and heals when it is back', async () => {
      const port = await freePort();
      const mortal = await startPubSubEmulator(jarPath, port);
      await under.dispose();
      under = await emulatedBus(mortal.host, { publishTimeoutMs: 1_000 });
      bus = under.bus;
      await bus.createSubscription(TOPIC, 'reader');
      const recorder = new Recorder();
      await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('before')]);
      await eventually(() => recorder.settled).toEqual(['before']);

      const outcomes: Promise<unknown>[] = [];
      const publish = (text: string) =>
        bus.publish(TOPIC, [message(text)]).then(
          () => 'published',
          (error: unknown) => error,
        );
      for (let index = 0; index < 20; index += 1) outcomes.push(publish(`during ${index}`));
      const stopping = mortal.stop();
      for (let index = 20; index < 40; index += 1) outcomes.push(publish(`during ${index}`));
      await stopping;
      const startMs = performance.now();
      expect(await publish('away')).toBeInstanceOf(BusUnavailable);
      expect(performance.now() - startMs).toBeLessThan(2_500);
      for (const outcome of await Promise.all(outcomes)) {
        if (outcome !== 'published') expect(outcome).toBeInstanceOf(BusUnavailable);
      }

      const back = await startPubSubEmulator(jarPath, port);
      try {
        await expect.poll(() => publish('probe'), { timeout: 20_000 }).toBe('published');
        // The emulator forgets all, so the consumer has to make its subscription again.
        await expect
          .poll(
            async () => {
              await publish('after');
              return recorder.delivered;
            },
            { timeout: 20_000, interval: 200 },
          )
          .toContain('after');
      } finally {
        await under.dispose();
        await back.stop();
      }
    }, 60_000);

    it('tells of a subscription that was deleted, and goes on when it is there again', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const recorder = new Recorder();
      await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('before')]);
      await eventually(() => recorder.settled).toEqual(['before']);
      const admin = new PubSub({
        projectId: under.projectId,
        apiEndpoint: emulator.host,
        clientOptions: { universeDomain: 'googleapis.com' },
      });
      await admin.subscription('reader').delete();
      await admin.close();
      await eventually(() => under.errors.length).toBeGreaterThan(0);
      expect(under.errors[0]).toBeInstanceOf(ResourceMissing);
      await expect
        .poll(
          async () => {
            await bus.publish(TOPIC, [message('after')]);
            return recorder.settled;
          },
          { timeout: 10_000, interval: 200 },
        )
        .toEqual(['before', 'after']);
    });

    it('closes after the handlers under way, and without those that take too long', async () => {
      await openBus({ closeTimeoutMs: 300 });
      await bus.createSubscription(TOPIC, 'reader');
      const gate = new Gate();
      let aborted = false;
      const recorder = new Recorder(async (delivery, signal) => {
        if (textOf(delivery) === 'quick') return gate.pass();
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve();
          }),
        );
      });
      await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('quick', 'a'), message('endless', 'b')]);
      await eventually(() => recorder.delivered.toSorted()).toEqual(['endless', 'quick']);
      const startMs = performance.now();
      const closing = bus.close();
      gate.open();
      await closing;
      expect(performance.now() - startMs).toBeLessThan(2_500);
      expect(aborted).toBe(true);
      bus = await under.reopen();
      const second = new Recorder();
      await bus.subscribe(TOPIC, 'reader', second.handler, quick);
      await bus.publish(TOPIC, [message('last', 'a')]);
      await eventually(() => second.settled.toSorted()).toEqual(['endless', 'last']);
    });

    it('goes on at its close with what it has received', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const gate = new Gate();
      const recorder = new Recorder(gate.pass);
      const open = await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('under way'), message('waiting')]);
      await eventually(() => gate.inside).toBe(1);
      const closing = open.close();
      gate.open();
      await closing;
      expect(recorder.settled).toEqual(['under way', 'waiting']);
    });

    it('hands back at its close, soon, what no handler has in time', async () => {
      await openBus({ closeTimeoutMs: 1_000 });
      await bus.createSubscription(TOPIC, 'reader');
      const gate = new Gate();
      const recorder = new Recorder(gate.pass);
      const open = await bus.subscribe(TOPIC, 'reader', recorder.handler, quick);
      await bus.publish(TOPIC, [message('under way'), message('waiting')]);
      await eventually(() => gate.inside).toBe(1);
      const startMs = performance.now();
      await open.close();
      expect(performance.now() - startMs).toBeLessThan(5_000);
      gate.open();
      const second = new Recorder();
      await bus.subscribe(TOPIC, 'reader', second.handler, quick);
      await eventually(() => second.settled).toEqual(['under way', 'waiting']);
    });

    it('hands back at its close what is behind a failed message, in order', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const failing = new Recorder(async () => {
        throw new Error('not in this process');
      });
      const backoff = { minMs: 2_000, maxMs: 2_000 };
      const open = await bus.subscribe(TOPIC, 'reader', failing.handler, { backoff });
      await bus.publish(TOPIC, [message('fails'), message('behind')]);
      await eventually(() => failing.delivered).toEqual(['fails']);
      await open.close();
      expect(failing.delivered).toEqual(['fails']);
      const second = new Recorder();
      await bus.subscribe(TOPIC, 'reader', second.handler, quick);
      await eventually(() => second.settled.toSorted()).toEqual(['behind', 'fails']);
    });

    it('loses no time and no order when one reader takes over from another under load', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const other = await emulatedBus(emulator.host, { projectId: under.projectId });
      const buses = [bus, other.bus] as const;
      const arrived = new Map<string, number[]>();
      let arrivals = 0;
      const handler = async ({ orderingKey, data }: Delivery) => {
        const numbers = arrived.get(orderingKey) ?? [];
        arrived.set(orderingKey, numbers.concat(Number(JSON.parse(data))));
        arrivals += 1;
      };
      const open = (index: number) =>
        buses[index % 2 === 0 ? 0 : 1].subscribe(TOPIC, 'reader', handler, quick);
      let reader = await open(0);
      let isPublishing = true;
      let rounds = 0;
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
      const publishing = (async () => {
        for (; isPublishing; rounds += 1) {
          await bus.publish(
            TOPIC,
            keys.map((key) => message(String(rounds), key)),
          );
        }
      })();
      for (const turn of [1, 2, 3, 4]) {
        const seen = arrivals;
        const next = await open(turn);
        await eventually(() => arrivals).toBeGreaterThan(seen + 200);
        await reader.close();
        reader = next;
      }
      isPublishing = false;
      await publishing;
      // An ack deadline is 10 s: what was lost on the way would not be here before.
      await eventually(
        () => new Set([...arrived].flatMap(([key, all]) => all.map((one) => `${key} ${one}`))).size,
        5_000,
      ).toBe(rounds * keys.length);
      const numbers = Array.from({ length: rounds }, (_, index) => index);
      for (const all of arrived.values()) expect([...new Set(all)]).toEqual(numbers);
      await other.dispose();
    });

    it('refuses to open a subscription twice, and opens it again after its close', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      const open = await bus.subscribe(TOPIC, 'reader', async () => {});
      const again = () => bus.subscribe(TOPIC, 'reader', async () => {});
      await expect(again()).rejects.toThrow(InvalidRequest);
      await expect(again()).rejects.toThrow(/reader of topic events is already open/);
      await open.close();
      await (await again()).close();
    });

    it('refuses a subscription of another topic', async () => {
      await bus.createSubscription(TOPIC, 'reader');
      await expect(bus.createSubscription('others', 'reader')).rejects.toThrow(/belongs to/);
      await expect(bus.subscribe('others', 'reader', async () => {})).rejects.toThrow(
        InvalidRequest,
      );
    });

    it('shows what is published right after watching began, on a topic that is new', async () => {
      const seen: string[] = [];
      await bus.watch(TOPIC, (shown) => seen.push(textOf(shown)));
      await bus.publish(TOPIC, [message('a'), message('b')]);
      await eventually(() => seen).toEqual(['a', 'b']);
    });

    it('keeps one temporary subscription for all views of a topic, and deletes it at the end', async () => {
      const seen: string[] = [];
      const views = [
        await bus.watch(TOPIC, () => Promise.reject(new Error('a view that fails later'))),
        await bus.watch(TOPIC, (shown) => seen.push(textOf(shown))),
      ];
      expect(await subscriptionsLeft()).toEqual([expect.stringMatching(/^live-/)]);
      await views[0]?.close();
      await bus.publish(TOPIC, [message('a')]);
      await eventually(() => seen).toEqual(['a']);
      await views[1]?.close();
      await views[1]?.close();
      expect(await subscriptionsLeft()).toEqual([]);
      await bus.watch(TOPIC, () => {});
      await bus.close();
      expect(await subscriptionsLeft()).toEqual([]);
    });

    it('keeps a view open for one who joins while another leaves', async () => {
      const first = await bus.watch(TOPIC, () => {});
      const seen: string[] = [];
      const joining = bus.watch(TOPIC, (shown) => seen.push(textOf(shown)));
      await Promise.all([first.close(), joining]);
      await bus.publish(TOPIC, [message('a')]);
      await eventually(() => seen).toEqual(['a']);
    });

    it('syncs what is under way', async () => {
      let published = false;
      const publishing = bus.publish(TOPIC, [message('a')]).then(() => {
        published = true;
      });
      await bus.sync();
      expect(published).toBe(true);
      await publishing;
    });

    it('publishes nothing when there is nothing to publish', async () => {
      await bus.publish(TOPIC, []);
      await expect(bus.publish('no', [message('a')])).rejects.toThrow(InvalidRequest);
    });

    it.each([
      {
        name: 'the service',
        host: () => Promise.resolve(emulator.host),
        says: 'published, closed',
      },
      {
        name: 'a service that is away',
        host: async () => `127.0.0.1:${await freePort()}`,
        says: 'not published, closed',
      },
    ])(
      'looks for no credentials and leaves nothing that keeps a process alive, with $name',
      async ({ host, says }) => {
        const script = join(import.meta.dirname, 'testing/whole-life.ts');
        let lookUps = 0;
        const metadataServer = createServer((socket) => {
          lookUps += 1;
          socket.destroy();
        });
        await new Promise<void>((resolve) => metadataServer.listen(0, '127.0.0.1', resolve));
        const { port } = metadataServer.address() as AddressInfo;
        const { stdout } = await runFile(process.execPath, [script, await host()], {
          timeout: 15_000,
          env: { PATH: process.env.PATH, GCE_METADATA_HOST: `127.0.0.1:${port}` },
        });
        metadataServer.close();
        expect(stdout.trim()).toBe(says);
        expect(lookUps).toBe(0);
      },
    );
  });
});
