// Which deliveries a consumer acts on, in which order, and what the ledger holds then. Real: bus and
// database of both platforms.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Gate } from '#platform/bus/testing/recorder.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { describeOnEachBus } from '../support/each-bus.ts';
import { Frame, within } from './frame.ts';

describeOnEachBus('a consumer', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
  }, 60_000);
  afterEach(() => frame.closeAll());
  afterAll(() => stack.disposeAsync());

  const ledger = (consumer: string) =>
    frame.database.query<{ event_id: string; tenant_id: string; received_at: Date }>(
      'SELECT event_id, tenant_id, received_at FROM processed_events WHERE consumer = $1',
      [consumer],
    );
  const canary = (event: CanonicalEvent): CanonicalEvent => ({
    ...event,
    metadata: { ...event.metadata, source: 'canary' },
  });

  it('enters tenant and time of receipt into the ledger', async () => {
    await frame.start('enters');
    const event = frame.event('1');
    await frame.publish([event]);
    await expect
      .poll(() => ledger('enters'), within)
      .toEqual([
        {
          event_id: event.event_id,
          tenant_id: 'acme',
          received_at: new Date(event.received_at),
        },
      ]);
  });

  it('passes over what is for another, and enters nothing', async () => {
    await frame.start('named');
    await frame.start('unnamed');
    await frame.publish([frame.event('1')], {
      carried_again: 'replay',
      only_consumer: 'named',
    });
    await frame.publish([frame.event('2')]);
    await expect
      .poll(async () => (await frame.effects('named')).toSorted(), within)
      .toEqual(['1', '2']);
    await expect.poll(() => frame.effects('unnamed'), within).toEqual(['2']);
    expect(await ledger('unnamed')).toHaveLength(1);
  });

  it('acts once more in a replay that says so, once for each replay', async () => {
    const again = (replayId: string) =>
      ({ carried_again: 'replay', replay_id: replayId, replay_mode: 'again' }) as const;
    const missing = { carried_again: 'replay', replay_id: 'r0', replay_mode: 'missing' } as const;
    const replays: (string | undefined)[] = [];
    await frame.start('replayed', (_event, { replayId }) => replays.push(replayId));
    const event = frame.event('1');
    await frame.publish([event]);
    await frame.publish([event], missing);
    await frame.publish([event], again('r1'));
    await frame.publish([event], again('r1'));
    await frame.publish([event], again('r2'));
    await frame.publish([event]);
    // Never seen before: it acts, and enters both ledgers.
    const unseen = frame.event('1');
    await frame.publish([unseen], again('r3'));
    await frame.publish([unseen], missing);
    await frame.publish([frame.event('1')]);
    await expect.poll(() => replays, within).toEqual([undefined, 'r1', 'r2', 'r3', undefined]);
    const entries = await frame.database.query(
      `SELECT replay_id, event_id, tenant_id FROM replayed_events
       WHERE consumer = 'replayed' ORDER BY replay_id`,
    );
    expect(entries).toEqual([
      { replay_id: 'r1', event_id: event.event_id, tenant_id: 'acme' },
      { replay_id: 'r2', event_id: event.event_id, tenant_id: 'acme' },
      { replay_id: 'r3', event_id: unseen.event_id, tenant_id: 'acme' },
    ]);
    expect(await ledger('replayed')).toHaveLength(3);
  });

  it('enters canaries into the ledger, and hands them only to a handler that wants them', async () => {
    await frame.start('plain');
    await frame.start('watching', undefined, { canaries: true });
    const event = canary(frame.event('canary'));
    await frame.publish([event, frame.event('1')]);
    await expect
      .poll(async () => (await frame.effects('watching')).toSorted(), within)
      .toEqual(['1', 'canary']);
    await expect.poll(async () => (await ledger('plain')).length, within).toBe(2);
    expect(await frame.effects('plain')).toEqual(['1']);
  });

  it('handles one event of an entity at a time, and many entities at once', async () => {
    const gate = new Gate();
    const underWay = new Map<string, number>();
    let mostOfOne = 0;
    // Transactions of PGlite take turns, so what is under way is seen before them.
    await frame.start(
      'parallel',
      async ({ entity_id }) => {
        const now = (underWay.get(entity_id) ?? 0) + 1;
        underWay.set(entity_id, now);
        mostOfOne = Math.max(mostOfOne, now);
        if (frame.parallel) await gate.pass();
        underWay.set(entity_id, now - 1);
      },
      { options: { maxInFlight: 8 } },
    );
    const entities = Array.from({ length: 6 }, (_, index) => `entity-${index}`);
    await frame.publish(entities.map((entity) => frame.event(entity)));
    await frame.publish(entities.map((entity) => frame.event(entity)));
    if (frame.parallel) await expect.poll(() => gate.inside, within).toBe(6);
    gate.open();
    await expect.poll(async () => (await frame.effects('parallel')).length, within).toBe(12);
    expect(mostOfOne).toBe(1);
    if (frame.parallel) expect(gate.mostInside).toBe(6);
  });
});
