// How a message goes on after each kind of error. Real: bus and database of both platforms. Doubled: the
// handlers, a database that is away, an acknowledgement that is lost. Asserted: effects, what is counted
// in the dead letters, and what goes on beside a failing message.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import {
  BusUnavailable,
  DatabaseUnavailable,
  NotDurable,
  SchemaMismatch,
} from '#schemas/problems.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { GiveUp, NotNow } from '#services/consumers/failures.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { describeOnEachBus } from '../support/each-bus.ts';
import { Frame, within } from './frame.ts';

describeOnEachBus('a failing message', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
  }, 60_000);
  afterEach(() => frame.closeAll());
  afterAll(() => stack.disposeAsync());

  it('is tried again until it works: one effect, and the letter tells of the attempts', async () => {
    const attempts: number[] = [];
    await frame.start('recovers', (_event, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new TypeError('jane@example.com is not a number');
    });
    const event = frame.event('1');
    await frame.publish([event]);
    await expect.poll(() => frame.effects('recovers'), within).toEqual(['1']);
    expect(attempts).toEqual([1, 2, 3]);
    expect(await frame.letters('recovers')).toMatchObject([
      {
        event_id: event.event_id,
        tenant_id: 'acme',
        state: 'resolved',
        attempts: 2,
        reason: 'TypeError',
        history: [{ reason: 'TypeError' }, { reason: 'TypeError' }],
      },
    ]);
    const told = JSON.stringify([await frame.letters('recovers'), frame.errors]);
    expect(told).not.toContain('is not a number');
  });

  it('is given up after its attempts, whole; its key goes on then, and other keys all the time', async () => {
    const order: string[] = [];
    await frame.start(
      'poisoned',
      (event) => {
        order.push(event.entity_id);
        if (event.payload.poison) throw new RangeError('always');
      },
      { maxAttempts: 4 },
    );
    const poison = frame.event('key', { payload: { poison: true } });
    await frame.publish([poison, frame.event('key'), frame.event('other-1')]);
    await frame.publish([frame.event('other-2'), frame.event('other-3')]);
    await expect
      .poll(async () => (await frame.effects('poisoned')).toSorted(), within)
      .toEqual(['key', 'other-1', 'other-2', 'other-3']);
    expect(order.filter((entity) => entity === 'key')).toHaveLength(5);
    const [letter] = await frame.letters('poisoned');
    expect(letter).toMatchObject({ state: 'open', attempts: 4, reason: 'RangeError' });
    expect(letter?.history).toHaveLength(4);
    const { data, attributes, orderingKey } = JSON.parse(letter?.message ?? '');
    expect(JSON.parse(data)).toEqual(poison);
    expect([attributes.event_id, orderingKey]).toEqual([poison.event_id, 'con_1/deal/key']);
  });

  it('is given up at once when the handler says that nothing can help', async () => {
    await frame.start('gives-up', (event) => {
      if (event.entity_id === 'never') throw new GiveUp('unknown_currency');
    });
    await frame.publish([frame.event('never'), frame.event('next')]);
    await expect.poll(() => frame.effects('gives-up'), within).toEqual(['next']);
    await expect
      .poll(() => frame.letters('gives-up'), within)
      .toMatchObject([{ state: 'open', attempts: 1, reason: 'GiveUp unknown_currency' }]);
  });

  const event = (overrides: object) => JSON.stringify({ ...testEvent(1_000), ...overrides });
  const unreadable: readonly { name: string; data: string; attributes?: object; reason: string }[] =
    [
      { name: 'text that is no JSON', data: 'no JSON \0 at all', reason: 'GiveUp not_json' },
      { name: 'JSON that is no object', data: '[1]', reason: 'GiveUp not_an_event' },
      { name: 'null', data: 'null', reason: 'GiveUp not_an_event' },
      { name: 'no id', data: event({ event_id: undefined }), reason: 'GiveUp not_an_event' },
      { name: 'an id that is none', data: event({ event_id: '1' }), reason: 'GiveUp not_an_event' },
      { name: 'no time', data: event({ received_at: 'today' }), reason: 'GiveUp not_an_event' },
      {
        name: 'a tenant Postgres cannot hold',
        data: event({ tenant_id: 'a\0b' }),
        reason: 'GiveUp not_an_event',
      },
      {
        name: 'a replay without a name',
        data: event({}),
        attributes: { replay_mode: 'again', replay_id: '' },
        reason: 'GiveUp invalid_replay_id',
      },
    ];
  it('that holds no event is kept without further attempts', async () => {
    await frame.start('reads');
    await frame.bus.publish(
      EVENTS_TOPIC,
      unreadable.map(({ data, attributes }) => ({
        data,
        attributes: { kind: 'broken', ...attributes },
        orderingKey: 'broken',
      })),
    );
    await frame.publish([frame.event('after')]);
    await expect
      .poll(async () => (await frame.letters('reads')).map(({ reason }) => reason), within)
      .toEqual(unreadable.map(({ reason }) => reason));
    await expect.poll(() => frame.effects('reads'), within).toEqual(['after']);
    const letters = await frame.letters('reads');
    expect(letters.map(({ message }) => JSON.parse(message).data)).toEqual(
      unreadable.map(({ data }) => data),
    );
    for (const letter of letters)
      expect(letter).toMatchObject({ state: 'open', tenant_id: 'acme' });
  });

  const away = [
    new DatabaseUnavailable('away'),
    new BusUnavailable('away'),
    new NotDurable('away'),
    new SchemaMismatch('away'),
    new NotNow('bank_unreachable'),
    Object.assign(new Error('deadlock detected'), { code: '40P01' }),
  ];
  it('waits for infrastructure for as long as it takes, and nothing is counted', async () => {
    let tries = 0;
    await frame.start(
      'waits',
      (event) => {
        if (event.entity_id !== 'waiting') return;
        const error = away[tries];
        tries += 1;
        if (error) throw error;
      },
      { maxAttempts: 1 },
    );
    await frame.publish([frame.event('waiting'), frame.event('beside')]);
    await expect.poll(() => frame.effects('waits'), within).toContain('beside');
    await expect.poll(() => frame.effects('waits'), within).toContain('waiting');
    expect(tries).toBe(away.length + 1);
    expect(await frame.letters('waits')).toEqual([]);
  });

  it('waits while the ledger itself is away', async () => {
    let isAway = false;
    const refuse = () => Promise.reject(new DatabaseUnavailable('away'));
    const flaky: Database = {
      query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
        isAway ? refuse() : frame.database.query<Row>(sql, values),
      transaction: <Result>(work: (tx: Queryable) => Promise<Result>) => {
        if (!isAway) return frame.database.transaction(work);
        refused += 1;
        return refuse();
      },
      migrate: () => frame.database.migrate(),
      close: async () => undefined,
    };
    let refused = 0;
    await frame.start('ledger', undefined, { maxAttempts: 1 }, { database: flaky });
    isAway = true;
    await frame.publish([frame.event('1'), frame.event('2')]);
    await expect.poll(() => refused, within).toBeGreaterThan(3);
    isAway = false;
    await expect
      .poll(async () => (await frame.effects('ledger')).toSorted(), within)
      .toEqual(['1', '2']);
    expect(await frame.letters('ledger')).toEqual([]);
  });

  it('counts on where the last process ended', async () => {
    const failing = () => {
      throw new Error('always');
    };
    let attempts = 0;
    // However soon the bus brings it again, the first process counts one attempt.
    const failingOnce = () => {
      attempts += 1;
      throw attempts === 1 ? new Error('once') : new NotNow('counted_already');
    };
    await frame.start('restarted', failingOnce, { maxAttempts: 3 });
    await frame.publish([frame.event('1')]);
    await expect
      .poll(() => frame.letters('restarted'), within)
      .toMatchObject([{ state: 'retrying', attempts: 1 }]);
    await frame.stop('restarted');
    await frame.start('restarted', failing, { maxAttempts: 3 });
    await expect
      .poll(() => frame.letters('restarted'), within)
      .toMatchObject([{ state: 'open', attempts: 3 }]);
    expect(await frame.effects('restarted')).toEqual([]);
  });

  it('is not counted when the database fell silent while the handler worked', async () => {
    let healed = Promise.resolve();
    let silenced = 0;
    const silent: Database = {
      query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
        healed.then(() => frame.database.query<Row>(sql, values)),
      transaction: <Result>(work: (tx: Queryable) => Promise<Result>) =>
        frame.database.transaction((tx) =>
          work({
            query: <Row extends object>(sql: string, values?: readonly unknown[]) => {
              if (!sql.includes('effects')) return tx.query<Row>(sql, values);
              silenced += 1;
              return healed.then(() => tx.query<Row>(sql, values));
            },
          }),
        ),
      migrate: () => frame.database.migrate(),
      close: async () => undefined,
    };
    await frame.start('silent', undefined, { maxAttempts: 1, timeoutMs: 50 }, { database: silent });
    const heal = Promise.withResolvers<void>();
    healed = heal.promise;
    await frame.publish([frame.event('1')]);
    await expect.poll(() => silenced, within).toBeGreaterThan(1);
    heal.resolve();
    await expect.poll(() => frame.effects('silent'), within).toEqual(['1']);
    expect(await frame.letters('silent')).toEqual([]);
  });

  it('is not what a close makes of the events behind the one under way', async () => {
    const inside = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    await frame.start('closing', async () => {
      inside.resolve();
      await goOn.promise;
    });
    const events = [1, 2, 3, 4].map((version) => frame.event('one', { payload: { version } }));
    await frame.publish(events);
    await inside.promise;
    const stopped = frame.stop('closing');
    goOn.resolve();
    await stopped;
    const order: unknown[] = [];
    await frame.start('closing', ({ payload }) => void order.push(payload.version));
    await expect.poll(() => frame.effects('closing'), within).toHaveLength(4);
    expect(order).toEqual([1, 2, 3, 4].slice(4 - order.length));
    expect(await frame.letters('closing')).toEqual([]);
  });

  it('counts a handler that takes too long, and takes its effect back', async () => {
    let signal: AbortSignal | undefined;
    await frame.start(
      'slow',
      (event, handling) => {
        if (event.entity_id !== 'hanging') return;
        signal = handling.signal;
        return new Promise(() => undefined);
      },
      { maxAttempts: 2, timeoutMs: 100 },
    );
    await frame.publish([frame.event('hanging'), frame.event('beside')]);
    await expect
      .poll(() => frame.letters('slow'), within)
      .toMatchObject([{ state: 'open', attempts: 2, reason: 'HandlerTimeout' }]);
    await expect.poll(() => frame.effects('slow'), within).toEqual(['beside']);
    expect(signal?.aborted).toBe(true);
  });

  it('has one effect when the process ends between the effect and the acknowledgement', async () => {
    let deliveries = 0;
    const losing = Object.create(frame.bus, {
      subscribe: {
        value: ((topic, name, handler, options) =>
          frame.bus.subscribe(
            topic,
            name,
            async (delivery, signal) => {
              await handler(delivery, signal);
              deliveries += 1;
              if (deliveries <= 2) throw new Error('killed before it could acknowledge');
            },
            options,
          )) satisfies Bus['subscribe'],
      },
      createSubscription: { value: frame.bus.createSubscription.bind(frame.bus) },
    }) as Bus;
    await frame.start('killed', undefined, {}, { bus: losing });
    await frame.publish([frame.event('1')]);
    await expect.poll(() => deliveries, within).toBe(3);
    expect(await frame.effects('killed')).toEqual(['1']);
  });
});
