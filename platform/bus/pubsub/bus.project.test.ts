import { createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BusUnavailable,
  InvalidConfig,
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';
import type { Bus, SubscriptionOptions } from '../bus.ts';
import { eventually } from '../testing/eventually.ts';
import { message, Recorder } from '../testing/recorder.ts';
import { openPubSubBus, type PubSubBusOptions } from './bus.ts';
import {
  type PulledMessage,
  type PullStream,
  refusal,
  type StubAnswers,
  type StubServer,
  startStubServer,
} from './testing/stub-server.ts';

const TOPIC = 'events';
const FULL_TOPIC = 'projects/acme/topics/events';
const READER = 'projects/acme/subscriptions/reader';

/**
 * A bus as in a project, where nothing is made. Real: Google's client over gRPC. Doubled: Pub/Sub
 * itself, by answers the emulator never gives: silence, refusals, permissions, quotas, and
 * redelivery of a failed message together with the later ones of its key.
 */
describe('Pub/Sub bus in a project', () => {
  const toStop: (() => unknown)[] = [];
  const errors: unknown[] = [];
  const warnings: string[] = [];
  afterEach(async () => {
    for (const stop of toStop.splice(0).toReversed()) await stop();
    errors.length = 0;
    warnings.length = 0;
  });

  const openBus = async (
    answers: StubAnswers,
    options: Partial<PubSubBusOptions> = {},
  ): Promise<{ bus: Bus; server: StubServer }> => {
    const server = await startStubServer(answers);
    toStop.push(() => server.stop());
    const bus = await openPubSubBus({
      projectId: 'acme',
      emulatorHost: server.host,
      onError: (_, error) => errors.push(error),
      onWarning: (text) => warnings.push(text),
      closeTimeoutMs: 500,
      ...options,
    });
    toStop.push(() => bus.close());
    return { bus, server };
  };
  const silent = () => new Promise<never>(() => {});
  const confirm: NonNullable<StubAnswers['publish']> = async ({ messages }) => ({
    messageIds: messages.map((_, index) => String(index)),
  });

  it('gives up on a silent server at its deadline', async () => {
    const { bus } = await openBus({ publish: silent }, { publishTimeoutMs: 200 });
    const startMs = performance.now();
    await expect(bus.publish(TOPIC, [message('a')])).rejects.toThrow(BusUnavailable);
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(150);
    expect(tookMs).toBeLessThan(2_000);
  });

  it('frees the key of a silent server, and publishes under it again', async () => {
    let asked = 0;
    const { bus } = await openBus(
      {
        publish: (request) => {
          asked += 1;
          return asked === 1 ? silent() : confirm(request);
        },
      },
      { publishTimeoutMs: 200 },
    );
    await expect(bus.publish(TOPIC, [message('a')])).rejects.toThrow(BusUnavailable);
    await eventually(() =>
      bus.publish(TOPIC, [message('b')]).then(
        () => true,
        () => false,
      ),
    ).toBe(true);
  });

  it('gives up on a port where nobody speaks gRPC', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    toStop.push(() => mute.close());
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const bus = await openPubSubBus({
      projectId: 'acme',
      emulatorHost: `127.0.0.1:${port}`,
      publishTimeoutMs: 200,
    });
    toStop.push(() => bus.close());
    await expect(bus.publish(TOPIC, [message('a')])).rejects.toThrow(BusUnavailable);
    const startMs = performance.now();
    await expect(bus.check(TOPIC)).rejects.toThrow(BusUnavailable);
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });

  it('takes an answer without ids for no confirmation', async () => {
    const { bus } = await openBus({ publish: async () => ({ messageIds: [] }) });
    await expect(bus.publish(TOPIC, [message('a')])).rejects.toThrow(/confirmed 0 of 1/);
  });

  it('repeats within its deadline what passes by', async () => {
    let asked = 0;
    const { bus } = await openBus({
      publish: (request) => {
        asked += 1;
        return asked < 3 ? Promise.reject(refusal(status.UNAVAILABLE)) : confirm(request);
      },
    });
    await bus.publish(TOPIC, [message('a')]);
    expect(asked).toBe(3);
  });

  it('lets one refused request fail its own call and no other key', async () => {
    const { bus } = await openBus({
      publish: (request) =>
        request.messages[0]?.orderingKey === 'bad'
          ? Promise.reject(refusal(status.INVALID_ARGUMENT, 'jane@example.com'))
          : confirm(request),
    });
    const outcomes = await Promise.allSettled([
      bus.publish(TOPIC, [message('a', 'bad'), message('b', 'bad')]),
      bus.publish(TOPIC, [message('c', 'good'), message('d', 'bad')]),
      bus.publish(TOPIC, [message('e', 'good')]),
    ]);
    const [bad] = outcomes;
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    const error = bad.status === 'rejected' ? bad.reason : undefined;
    expect(error).toBeInstanceOf(InvalidRequest);
    expect(String(error)).not.toContain('jane');
  });

  it.each<{ name: string; code: status; problem: new (text: string) => Error; says: RegExp }>([
    {
      name: 'a missing permission',
      code: status.PERMISSION_DENIED,
      problem: PermissionMissing,
      says: /projects\/acme\/topics\/events/,
    },
    {
      name: 'a missing topic, and makes none',
      code: status.NOT_FOUND,
      problem: ResourceMissing,
      says: /projects\/acme\/topics\/events does not exist/,
    },
  ])('names $name', async ({ code, problem, says }) => {
    const { bus } = await openBus({
      publish: () => Promise.reject(refusal(code)),
      getTopic: () => Promise.reject(refusal(code)),
    });
    for (const call of [() => bus.publish(TOPIC, [message('a')]), () => bus.check(TOPIC)]) {
      const error = await call().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(problem);
      expect(String(error)).toMatch(says);
    }
  });

  it('checks the topic', async () => {
    const { bus } = await openBus({ getTopic: async ({ topic }) => ({ name: topic }) });
    await bus.check(TOPIC);
  });

  it('says that Terraform makes a subscription, and wants it on this topic', async () => {
    let found: object | undefined;
    const { bus } = await openBus({
      getSubscription: async ({ subscription }) => {
        if (!found) throw refusal(status.NOT_FOUND);
        return { name: subscription, ...found };
      },
    });
    const create = () => bus.createSubscription(TOPIC, 'reader');
    await expect(create()).rejects.toThrow(ResourceMissing);
    await expect(create()).rejects.toThrow(/subscriptions\/reader of topic events.*Terraform/);
    found = { topic: 'projects/acme/topics/others', enableMessageOrdering: true };
    await expect(create()).rejects.toThrow(/belongs to projects\/acme\/topics\/others/);
    await expect(bus.subscribe(TOPIC, 'reader', async () => {})).rejects.toThrow(InvalidRequest);
    found = { topic: FULL_TOPIC, enableMessageOrdering: true };
    await create();
    expect(warnings).toEqual([]);
    found = { topic: FULL_TOPIC };
    await create();
    expect(warnings).toEqual([
      expect.stringMatching(/does not keep the order.*enable_message_ordering/),
    ]);
  });

  it('names the permission that looking up a subscription takes', async () => {
    const { bus } = await openBus({
      getSubscription: () => Promise.reject(refusal(status.PERMISSION_DENIED)),
    });
    await expect(bus.createSubscription(TOPIC, 'reader')).rejects.toThrow(
      /pubsub\.subscriptions\.get on projects\/acme\/subscriptions\/reader/,
    );
  });

  it('does not consume without the dead-letter topic its consumer needs', async () => {
    const { bus } = await openBus({ getSubscription: async () => ({ topic: FULL_TOPIC }) });
    const deadLetter = { topic: 'dead', maxAttempts: 5 };
    const subscribing = bus.subscribe(TOPIC, 'reader', async () => {}, { deadLetter });
    await expect(subscribing).rejects.toThrow(ResourceMissing);
    await expect(subscribing).rejects.toThrow(/no dead-letter policy with topic dead/);
  });

  describe('consuming', () => {
    const policy = {
      topic: FULL_TOPIC,
      enableMessageOrdering: true,
      retryPolicy: { minimumBackoff: { nanos: 10_000_000 }, maximumBackoff: { nanos: 50_000_000 } },
      deadLetterPolicy: {
        deadLetterTopic: 'projects/acme/topics/dead',
        maxDeliveryAttempts: 5,
      },
    };
    const subscriptionOptions: SubscriptionOptions = {
      deadLetter: { topic: 'dead', maxAttempts: 5 },
    };
    const pulled = (text: string, ackId: string, deliveryAttempt: number): PulledMessage => ({
      ackId,
      deliveryAttempt,
      message: {
        data: Buffer.from(JSON.stringify(text)),
        messageId: text,
        orderingKey: 'key',
        publishTime: { seconds: 1 },
      },
    });

    /** A subscription whose messages the test sends, and which notes how each was settled. */
    const playSubscription = () => {
      const streams: PullStream[] = [];
      const acked: string[] = [];
      const nacked: string[] = [];
      let onNack = (_ackId: string) => {};
      const answers: StubAnswers = {
        getSubscription: async () => policy,
        streamingPull: (stream) => {
          streams.push(stream);
          stream.on('end', () => stream.end());
        },
        acknowledge: async ({ ackIds }) => {
          acked.push(...ackIds);
          return {};
        },
        modifyAckDeadline: async ({ ackIds, ackDeadlineSeconds }) => {
          if (ackDeadlineSeconds > 0) return {};
          nacked.push(...ackIds);
          for (const ackId of ackIds) onNack(ackId);
          return {};
        },
      };
      const send = (...receivedMessages: PulledMessage[]) =>
        streams.at(-1)?.write({ receivedMessages });
      return {
        answers,
        acked,
        nacked,
        streams,
        send,
        whenNacked: (react: typeof onNack) => {
          onNack = react;
        },
      };
    };

    it('keeps the order when the later ones of the key come again with the failed one', async () => {
      const played = playSubscription();
      const { bus } = await openBus(played.answers);
      const recorder = new Recorder(async ({ messageId, attempt }) => {
        if (messageId === 'first' && attempt === 1) throw new Error('not yet');
      });
      await bus.subscribe(TOPIC, 'reader', recorder.handler, subscriptionOptions);
      await eventually(() => played.streams.length).toBe(1);
      played.whenNacked(() =>
        played.send(
          pulled('first', 'first/2', 2),
          pulled('second', 'second/2', 1),
          pulled('third', 'third/2', 1),
        ),
      );
      played.send(
        pulled('first', 'first/1', 1),
        pulled('second', 'second/1', 1),
        pulled('third', 'third/1', 1),
      );
      await eventually(() => played.acked.toSorted()).toEqual(
        ['first/2', 'second/1', 'second/2', 'third/1', 'third/2'].toSorted(),
      );
      expect(recorder.deliveries.map(({ messageId }) => messageId)).toEqual([
        'first',
        'first',
        'second',
        'third',
      ]);
      expect(recorder.attemptsOf('second')).toEqual([1]);
      expect(played.nacked).toEqual(['first/1']);
      expect(warnings).toEqual([]);
    });

    it('hands back what waits behind a message that returns to another process', async () => {
      const played = playSubscription();
      const { bus } = await openBus(played.answers, { redeliveryGraceMs: 50 });
      const recorder = new Recorder(async () => {
        throw new Error('always');
      });
      await bus.subscribe(TOPIC, 'reader', recorder.handler, subscriptionOptions);
      await eventually(() => played.streams.length).toBe(1);
      played.send(pulled('first', 'first/1', 1), pulled('second', 'second/1', 1));
      await eventually(() => played.nacked).toEqual(['first/1', 'second/1']);
      expect(recorder.delivered).toEqual(['first']);
    });

    it('opens again after a permission was missing, which it tells', async () => {
      const played = playSubscription();
      let refused = false;
      const { bus } = await openBus({
        ...played.answers,
        streamingPull: (stream) => {
          if (refused) {
            played.answers.streamingPull?.(stream);
          } else {
            refused = true;
            stream.emit('error', refusal(status.PERMISSION_DENIED, 'not authorized'));
          }
        },
      });
      const recorder = new Recorder();
      await bus.subscribe(TOPIC, 'reader', recorder.handler, subscriptionOptions);
      await eventually(() => errors.length).toBeGreaterThan(0);
      expect(errors[0]).toBeInstanceOf(PermissionMissing);
      expect(String(errors[0])).toContain(`pubsub.subscriptions.consume on ${READER}`);
      await eventually(() => played.streams.length).toBe(1);
      played.send(pulled('first', 'first/1', 1));
      await eventually(() => played.acked).toEqual(['first/1']);
    });

    it('tells when acknowledging fails', async () => {
      const played = playSubscription();
      const { bus } = await openBus({
        ...played.answers,
        acknowledge: () => Promise.reject(refusal(status.PERMISSION_DENIED)),
      });
      await bus.subscribe(TOPIC, 'reader', async () => {}, subscriptionOptions);
      await eventually(() => played.streams.length).toBe(1);
      played.send(pulled('first', 'first/1', 1));
      await eventually(() => errors.length).toBeGreaterThan(0);
      expect(errors[0]).toBeInstanceOf(PermissionMissing);
    });

    it('leaves a message to the policy of Pub/Sub when it cannot publish the dead letter', async () => {
      const played = playSubscription();
      const { bus } = await openBus({
        ...played.answers,
        publish: () => Promise.reject(refusal(status.PERMISSION_DENIED)),
      });
      const fails = async () => {
        throw new Error('always');
      };
      await bus.subscribe(TOPIC, 'reader', fails, subscriptionOptions);
      await eventually(() => played.streams.length).toBe(1);
      played.send(pulled('poison', 'poison/5', 5));
      await eventually(() => played.nacked).toEqual(['poison/5']);
      expect(String(errors[0])).toContain('pubsub.topics.publish on projects/acme/topics/dead');
      expect(played.acked).toEqual([]);
    });
  });

  it.each(['localhost', 'http://127.0.0.1:8085', '127.0.0.1:port'])(
    'refuses the emulator address "%s"',
    async (emulatorHost) => {
      const opening = openPubSubBus({ projectId: 'acme', emulatorHost });
      await expect(opening).rejects.toThrow(InvalidConfig);
    },
  );

  it('makes nothing in a project', async () => {
    const opening = openPubSubBus({ projectId: 'acme', createMissing: true });
    await expect(opening).rejects.toThrow(/Terraform/);
  });
});
