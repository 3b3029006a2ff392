// Dead letters that are tried again or dropped. Real: bus and database of both platforms, the consumers'
// frame. Doubled: the handlers, a bus that does not confirm. Asserted: who gets what, and the states.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import { BusUnavailable, DeadLetterResolved, NotFound } from '#schemas/problems.ts';
import { dropMany, dropOne, retryMany, retryOne } from '#services/dead-letters/actions.ts';
import { Frame, within } from '../consumers/frame.ts';
import { describeOnEachBus } from '../support/each-bus.ts';

const TENANT = { tenantId: 'acme', by: 'ann' };

describeOnEachBus('a dead letter', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
  }, 60_000);
  afterEach(() => frame.closeAll());
  afterAll(() => stack.disposeAsync());

  /** A consumer that fails while it is broken, and gives up at the first failure. */
  const breakable = async (name: string) => {
    const state = { broken: true };
    await frame.start(
      name,
      () => {
        if (state.broken) throw new TypeError('broken');
      },
      { maxAttempts: 1 },
    );
    return state;
  };
  const states = async (consumer: string) =>
    (await frame.letters(consumer)).map(({ state }) => state);
  const count = (consumer: string) =>
    frame.database.query(
      'SELECT state, count(*) AS count FROM dead_letters WHERE consumer = $1 GROUP BY state',
      [consumer],
    );
  const onlyId = async (consumer: string) => (await frame.letters(consumer))[0]?.id ?? '';

  it('that is retried goes to its consumer alone, and is resolved when it has acted', async () => {
    const state = await breakable('mended');
    await frame.start('other');
    await frame.publish([frame.event('1')]);
    await expect.poll(() => states('mended'), within).toEqual(['open']);
    await expect.poll(() => frame.effects('other'), within).toEqual(['1']);
    await frame.database.query(`DELETE FROM processed_events WHERE consumer = 'other'`);
    state.broken = false;
    const id = await onlyId('mended');
    const retried = await retryOne(frame, { ...TENANT, id });
    expect(['retried', 'resolved']).toContain(retried.state);
    await expect.poll(() => states('mended'), within).toEqual(['resolved']);
    expect(await frame.effects('mended')).toEqual(['1']);
    await frame.publish([frame.event('2')]);
    await expect.poll(() => frame.effects('other'), within).toEqual(['1', '2']);
    // There is nothing left to do, and asking for it does no harm.
    expect(await retryOne(frame, { ...TENANT, id })).toMatchObject({ state: 'resolved' });
    await expect(dropOne(frame.database, { ...TENANT, id, reason: 'x' })).rejects.toThrow(
      DeadLetterResolved,
    );
  });

  it('that fails once more is open again at once, and its history goes on', async () => {
    const state = await breakable('still-broken');
    await frame.publish([frame.event('1')]);
    await expect.poll(() => states('still-broken'), within).toEqual(['open']);
    const id = await onlyId('still-broken');
    await retryOne(frame, { ...TENANT, id });
    await expect
      .poll(() => frame.letters('still-broken'), within)
      .toMatchObject([{ state: 'open', attempts: 2 }]);
    const [letter] = await frame.letters('still-broken');
    expect(letter?.history).toHaveLength(2);
    state.broken = false;
    await Promise.all([
      retryOne(frame, { ...TENANT, id }),
      retryOne(frame, { ...TENANT, id, by: 'bob' }),
    ]);
    await expect.poll(() => states('still-broken'), within).toEqual(['resolved']);
    await frame.publish([frame.event('1')]);
    await expect.poll(() => frame.effects('still-broken'), within).toEqual(['1', '1']);
  });

  it('stays open when the bus does not confirm', async () => {
    await breakable('unconfirmed');
    await frame.publish([frame.event('1')]);
    await expect.poll(() => states('unconfirmed'), within).toEqual(['open']);
    const id = await onlyId('unconfirmed');
    const bus = {
      publish: () => Promise.reject(new BusUnavailable('away')),
    } as unknown as Bus;
    const parts = { bus, database: frame.database };
    await expect(retryOne(parts, { ...TENANT, id })).rejects.toThrow(BusUnavailable);
    const all = { ...TENANT, filter: { consumer: 'unconfirmed' }, cursor: undefined };
    await expect(retryMany(parts, all)).rejects.toThrow(BusUnavailable);
    expect(await states('unconfirmed')).toEqual(['open']);
  });

  it('that was dropped stays so when it is delivered again, and acts when it is asked for', async () => {
    const state = await breakable('dropped');
    const event = frame.event('1');
    await frame.publish([event]);
    await expect.poll(() => states('dropped'), within).toEqual(['open']);
    const id = await onlyId('dropped');
    const dropped = await dropOne(frame.database, { ...TENANT, id, reason: 'a test order' });
    expect(dropped).toMatchObject({
      state: 'dropped',
      dropped_by: 'ann',
      dropped_reason: 'a test order',
      dropped_at: expect.any(Date),
    });
    expect(await dropOne(frame.database, { ...TENANT, id, reason: 'again' })).toMatchObject({
      dropped_reason: 'a test order',
    });
    state.broken = false;
    await frame.publish([event, frame.event('1')]);
    await expect.poll(() => frame.effects('dropped'), within).toEqual(['1']);
    expect(await states('dropped')).toEqual(['dropped']);
    await retryOne(frame, { ...TENANT, id });
    await expect.poll(() => states('dropped'), within).toEqual(['resolved']);
    expect(await frame.effects('dropped')).toEqual(['1', '1']);
  });

  it('of another tenant is as if it were not there', async () => {
    await breakable('foreign');
    await frame.publish([frame.event('1', { tenant_id: 'globex' })]);
    await expect.poll(() => states('foreign'), within).toEqual(['open']);
    const id = await onlyId('foreign');
    await expect(retryOne(frame, { ...TENANT, id })).rejects.toThrow(NotFound);
    await expect(dropOne(frame.database, { ...TENANT, id, reason: 'x' })).rejects.toThrow(NotFound);
    const all = { ...TENANT, filter: { consumer: 'foreign' }, cursor: undefined };
    expect(await retryMany(frame, all)).toEqual({ count: 0, next_cursor: null });
    expect(await dropMany(frame.database, { ...all, reason: 'x' })).toMatchObject({ count: 0 });
    expect(await states('foreign')).toEqual(['open']);
  });

  it('is retried with all others that a filter names, each once', async () => {
    const state = await breakable('many');
    const entities = Array.from({ length: 250 }, (_, index) => String(index));
    const kept = frame.event('kept', { event_type: 'deal.won' });
    const events = [...entities.map((entity) => frame.event(entity)), kept];
    // In parts, as the emulator takes its time.
    for (let at = 0; at < events.length; at += 50) await frame.publish(events.slice(at, at + 50));
    await expect.poll(() => count('many'), within).toEqual([{ state: 'open', count: '251' }]);
    state.broken = false;
    const filter = { consumer: 'many', event_type: 'deal.updated', reason: 'TypeError' };
    const done = await retryMany(frame, { ...TENANT, filter, cursor: undefined });
    expect(done).toEqual({ count: 250, next_cursor: null });
    await expect.poll(async () => (await frame.effects('many')).length, within).toBe(250);
    expect((await frame.effects('many')).toSorted()).toEqual(entities.toSorted());
    const left = (await frame.letters('many')).filter((letter) => letter.state !== 'resolved');
    expect(left).toMatchObject([{ event_id: kept.event_id, state: 'open' }]);
    const rest = { ...TENANT, filter: { consumer: 'many' }, cursor: undefined };
    expect(await dropMany(frame.database, { ...rest, reason: 'not needed' })).toMatchObject({
      count: 1,
    });
  }, 60_000);

  it('of a replay acts once more when it is retried', async () => {
    const state = await breakable('replayed');
    state.broken = false;
    const event = frame.event('1');
    await frame.publish([event]);
    await expect.poll(() => frame.effects('replayed'), within).toEqual(['1']);
    state.broken = true;
    await frame.publish([event], {
      carried_again: 'replay',
      replay_id: 'r1',
      replay_mode: 'again',
    });
    await expect.poll(() => states('replayed'), within).toEqual(['open']);
    state.broken = false;
    await retryOne(frame, { ...TENANT, id: await onlyId('replayed') });
    await expect.poll(() => states('replayed'), within).toEqual(['resolved']);
    expect(await frame.effects('replayed')).toEqual(['1', '1']);
  });
});
