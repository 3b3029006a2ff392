// A consumer that stops the line. Real: bus and database of both platforms. Asserted: nothing is handled
// from then on, in any process and over restarts, nothing is lost or counted, and others go on.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { NotFound } from '#schemas/problems.ts';
import { StopTheLine } from '#services/consumers/failures.ts';
import { resumeConsumer } from '#services/consumers/line.ts';
import { describeOnEachBus } from '../support/each-bus.ts';
import { Frame, type React, within } from './frame.ts';

describeOnEachBus('a consumer that stops the line', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
  }, 60_000);
  afterEach(() => frame.closeAll());
  afterAll(() => stack.disposeAsync());

  /** Stops at the entity `bad` until it is mended. */
  const stopping = (state: { mended: boolean }): React => {
    return ({ entity_id }) => {
      if (entity_id === 'bad' && !state.mended) throw new StopTheLine('books_do_not_balance');
    };
  };
  const stopped = (name: string) =>
    expect.poll(async () => (await frame.line(name))?.state, within).toBe('stopped');

  it('takes no more, keeps the reason, lets others go on, and goes on where it stopped', async () => {
    const state = { mended: false };
    await frame.start('stops', stopping(state));
    await frame.start('goes-on');
    const bad = frame.event('bad');
    await frame.publish([bad]);
    await stopped('stops');
    expect(await frame.line('stops')).toMatchObject({
      topic: 'integration-events',
      stopped_reason: 'StopTheLine books_do_not_balance',
      stopped_event_id: bad.event_id,
      stopped_tenant_id: 'acme',
    });
    await frame.publish([frame.event('later-1'), frame.event('later-2')]);
    await expect
      .poll(async () => (await frame.effects('goes-on')).toSorted(), within)
      .toEqual(['bad', 'later-1', 'later-2']);
    expect(await frame.effects('stops')).toEqual([]);
    expect(frame.errors).toContainEqual(
      expect.stringMatching(/^Consumer stops has stopped at event .*consumers resume stops$/),
    );

    // Nothing was mended, so it stops again.
    await resumeConsumer(frame.database, 'stops');
    await stopped('stops');
    expect(await frame.effects('stops')).not.toContain('bad');

    state.mended = true;
    expect(await resumeConsumer(frame.database, 'stops')).toMatchObject({
      state: 'running',
      stopped_reason: null,
      stopped_event_id: null,
    });
    await expect
      .poll(async () => (await frame.effects('stops')).toSorted(), within)
      .toEqual(['bad', 'later-1', 'later-2']);
    expect(await frame.letters('stops')).toEqual([]);
  });

  it('stays stopped over a restart', async () => {
    const state = { mended: true };
    await frame.start('restarts', stopping({ mended: false }));
    await frame.publish([frame.event('bad')]);
    await stopped('restarts');
    await frame.stop('restarts');
    await frame.start('restarts', stopping(state));
    await frame.start('witness');
    await frame.publish([frame.event('later')]);
    await expect.poll(() => frame.effects('witness'), within).toEqual(['later']);
    expect(await frame.effects('restarts')).toEqual([]);
    await resumeConsumer(frame.database, 'restarts');
    await expect
      .poll(async () => (await frame.effects('restarts')).toSorted(), within)
      .toEqual(['bad', 'later']);
  });

  it('stops a consumer that another process has stopped, before it handles anything more', async () => {
    await frame.start('shared');
    await frame.start('witness-2');
    await frame.database.query(`UPDATE consumers SET state = 'stopped' WHERE name = 'shared'`);
    await frame.publish([frame.event('1'), frame.event('2')]);
    await expect
      .poll(async () => (await frame.effects('witness-2')).toSorted(), within)
      .toEqual(['1', '2']);
    expect(await frame.effects('shared')).toEqual([]);
    await resumeConsumer(frame.database, 'shared');
    await expect
      .poll(async () => (await frame.effects('shared')).toSorted(), within)
      .toEqual(['1', '2']);
  });

  it('closes while it is stopped', async () => {
    await frame.start('closes', stopping({ mended: false }));
    await frame.publish([frame.event('bad')]);
    await stopped('closes');
    await frame.stop('closes');
  });

  it('refuses to resume what nobody has registered', async () => {
    await expect(resumeConsumer(frame.database, 'nobody')).rejects.toThrow(NotFound);
  });
});
