// The keeper of what the bus itself gave up. Real: bus and database of both platforms, the dead letters
// of the drivers. Doubled: what Pub/Sub's own policy writes, whose attributes are those it was seen to
// add; the emulator cannot move messages of an ordered subscription.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Subscription } from '#platform/bus/bus.ts';
import { DEAD_LETTER_TOPIC, EVENTS_TOPIC } from '#schemas/topics.ts';
import { retryOne } from '#services/dead-letters/actions.ts';
import { keepDeadLetters } from '#services/dead-letters/keeper.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { Frame, within } from '../consumers/frame.ts';
import { describeOnEachBus } from '../support/each-bus.ts';

describeOnEachBus('the keeper of dead letters', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  let keeper: Subscription;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
    keeper = await keepDeadLetters({
      ...parts(),
      operatorTenantId: 'acme',
      onError: () => undefined,
    });
    stack.defer(() => keeper.close());
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  const parts = () => ({ bus: frame.bus, database: frame.database });

  it('keeps what a driver moved, with its source, its attempts and its reason', async () => {
    await frame.bus.createSubscription(EVENTS_TOPIC, 'plain-subscriber');
    const failing = await frame.bus.subscribe(
      EVENTS_TOPIC,
      'plain-subscriber',
      async () => {
        throw new RangeError('always');
      },
      {
        backoff: { minMs: 10, maxMs: 20 },
        deadLetter: { topic: DEAD_LETTER_TOPIC, maxAttempts: 5 },
      },
    );
    const event = frame.event('1');
    await frame.publish([event]);
    await expect
      .poll(() => frame.letters('plain-subscriber'), within)
      .toMatchObject([
        {
          event_id: event.event_id,
          tenant_id: 'acme',
          topic: EVENTS_TOPIC,
          state: 'open',
          attempts: 5,
          reason: 'RangeError',
        },
      ]);
    await failing.close();
  });

  it('keeps what Pub/Sub moved, and publishes it as it was when it is retried', async () => {
    const { data, attributes, orderingKey } = new EventMessage(frame.event('2'));
    await frame.bus.publish(DEAD_LETTER_TOPIC, [
      {
        data,
        orderingKey,
        attributes: {
          ...attributes,
          CloudPubSubDeadLetterSourceSubscription: 'integration-events-published',
          CloudPubSubDeadLetterSourceSubscriptionProject: 'acme',
          CloudPubSubDeadLetterSourceDeliveryCount: '12',
          CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-31T12:00:00Z',
          CloudPubSubDeadLetterSourceDeliveryErrorMessage: 'jane@example.com does not fit',
        },
      },
    ]);
    const source = 'integration-events-published';
    await expect
      .poll(() => frame.letters(source), within)
      .toMatchObject([{ state: 'open', attempts: 12, reason: 'MovedByPubSub' }]);
    const [letter] = await frame.letters(source);
    expect(letter?.message).toContain('jane@example.com does not fit');

    const seen: Readonly<Record<string, string>>[] = [];
    await frame.bus.createSubscription(EVENTS_TOPIC, 'any-reader');
    const reader = await frame.bus.subscribe(EVENTS_TOPIC, 'any-reader', async (delivery) => {
      if (delivery.data === data) seen.push(delivery.attributes);
    });
    const id = letter?.id ?? '';
    await retryOne(parts(), { tenantId: 'acme', id, by: 'ann' });
    await expect.poll(() => seen.length, within).toBeGreaterThan(0);
    expect(seen[0]).toEqual({ ...attributes, carried_again: 'retry', only_consumer: source });
    expect(await frame.letters(source)).toMatchObject([{ state: 'retried' }]);
    await reader.close();
  });

  const odd: readonly { name: string; attributes: Record<string, string>; letter: object }[] = [
    {
      name: 'says nothing of where it came from',
      attributes: { number: '1' },
      letter: { consumer: 'unknown', tenant_id: 'acme', attempts: 1, reason: 'MovedByPubSub' },
    },
    {
      name: 'gives a reason that may be a value',
      attributes: { number: '2', dead_letter_reason: 'jane@example.com', tenant_id: 'globex' },
      letter: { consumer: 'unknown', tenant_id: 'globex', reason: 'MovedByPubSub' },
    },
    {
      name: 'counts what is no number',
      attributes: { number: '3', dead_letter_attempts: '1e9', dead_letter_reason: 'Error E_1' },
      letter: { consumer: 'unknown', attempts: 1, reason: 'Error E_1' },
    },
  ];
  it.each(odd)('keeps a message that $name', async ({ attributes, letter }) => {
    const data = `not an event: ${attributes.number}`;
    await frame.bus.publish(DEAD_LETTER_TOPIC, [{ data, attributes, orderingKey: '' }]);
    await expect
      .poll(
        async () =>
          (await frame.letters('unknown')).filter(
            ({ message }) => JSON.parse(message).data === data,
          ),
        within,
      )
      .toMatchObject([{ state: 'open', event_id: null, ...letter }]);
  });
});
