// What is counted and measured of consumers. Real: the frame, bus and database of both platforms.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Gate } from '#platform/bus/testing/recorder.ts';
import { DatabaseUnavailable } from '#schemas/problems.ts';
import { ConsumerMetrics } from '#services/consumers/consumer-metrics.ts';
import { StopTheLine } from '#services/consumers/failures.ts';
import { measureConsumers } from '#services/consumers/measure.ts';
import { Metrics } from '#services/metrics/metrics.ts';
import { describeOnEachBus } from '../support/each-bus.ts';
import { Frame, within } from './frame.ts';

describeOnEachBus('metrics of consumers', (open) => {
  let stack: AsyncDisposableStack;
  let frame: Frame;
  let metrics: Metrics;
  let consumerMetrics: ConsumerMetrics;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    frame = await Frame.open(open, stack);
    metrics = new Metrics();
    consumerMetrics = new ConsumerMetrics(metrics);
    const { bus, database } = frame;
    measureConsumers({ bus, database, metrics, consumerMetrics });
  }, 60_000);
  afterEach(() => frame.closeAll());
  afterAll(() => stack.disposeAsync());

  /** Value of one series; undefined when there is none. */
  const value = async (series: string): Promise<number | undefined> => {
    const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  const deliveries = (consumer: string, outcome: string) =>
    value(`tributary_consumer_deliveries_total{consumer="${consumer}",outcome="${outcome}"}`);

  it('count deliveries by what became of them, and measure how long they took', async () => {
    let away = true;
    await frame.start(
      'counted',
      ({ entity_id }) => {
        if (entity_id === 'poison') throw new Error('always');
        if (entity_id === 'waits' && away) {
          away = false;
          throw new DatabaseUnavailable('away');
        }
      },
      { maxAttempts: 3 },
      { metrics: consumerMetrics },
    );
    const event = frame.event('1', { received_at: new Date().toISOString() });
    await frame.publish([event, event, frame.event('poison'), frame.event('waits')]);
    await frame.publish([frame.event('2')], { carried_again: 'replay', only_consumer: 'nobody' });
    const expected = {
      processed: 2,
      repeated: 1,
      failed: 2,
      given_up: 1,
      not_now: 1,
      passed_over: 1,
    };
    for (const [outcome, count] of Object.entries(expected))
      await expect.poll(() => deliveries('counted', outcome), within).toBe(count);
    const labels = '{consumer="counted"}';
    expect(await value(`tributary_consumer_handling_seconds_count${labels}`)).toBe(7);
    expect(await value(`tributary_consumer_delay_seconds_count${labels}`)).toBe(2);
    expect(await value('tributary_dead_letters{consumer="counted",state="open"}')).toBe(1);
  });

  it('tell what is under way, and how old the oldest of it is', async () => {
    const gate = new Gate();
    await frame.start('held', () => gate.pass(), {}, { metrics: consumerMetrics });
    await frame.publish([frame.event('1')]);
    await expect.poll(() => gate.inside, within).toBe(1);
    expect(consumerMetrics.oldestUnderWay().get('held')).toBeGreaterThan(0);
    gate.open();
    await expect.poll(() => value('tributary_consumer_in_flight{consumer="held"}'), within).toBe(0);
    expect(consumerMetrics.oldestUnderWay().has('held')).toBe(false);
  });

  it('tell of a stopped consumer, and since when its first message waits', async () => {
    await frame.start(
      'halted',
      () => {
        throw new StopTheLine('books');
      },
      {},
      { metrics: consumerMetrics },
    );
    const received_at = new Date(Date.now() - 3_600_000).toISOString();
    await frame.publish([frame.event('1', { received_at })]);
    const of = (metric: string) => value(`tributary_consumer_${metric}{consumer="halted"}`);
    await expect.poll(() => of('stopped'), within).toBe(1);
    expect(await of('oldest_unsettled_seconds')).toBeGreaterThanOrEqual(3_600);
    // Only the bus in the process can tell.
    const backlog = await of('backlog_messages');
    expect(backlog).toBe(frame.bus.backlog ? 1 : undefined);
  });
});

describe('a scrape', () => {
  it('goes on without the values of a store that is away', async () => {
    const metrics = new Metrics();
    const gauge = metrics.gauge({ name: 'tributary_waiting', help: 'Waiting.' });
    metrics.counter({ name: 'tributary_done_total', help: 'Done.' }).add({});
    let away = false;
    metrics.beforeScrape(async () => {
      gauge.clear();
      if (away) throw new DatabaseUnavailable('away');
      gauge.set({}, 7);
    });
    expect(await metrics.text()).toContain('tributary_waiting 7');
    away = true;
    const text = await metrics.text();
    expect(text).toContain('tributary_done_total 1');
    expect(text).not.toContain('tributary_waiting 7');
  });
});
