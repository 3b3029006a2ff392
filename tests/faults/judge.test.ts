// Real: the judge, on records and evidence made up here. Asserted: it sees each kind of loss, repetition
// and disorder, and nothing where there is none.
import { describe, expect, it } from 'vitest';
import type { Evidence } from './installation/installation.ts';
import { countById } from './installation/installation.ts';
import { judgeAnswers, judgeEvents } from './judge.ts';
import { ProviderRecord } from './load/record.ts';

/** Events are named after their entity: a1 is the first one of a. */
const eventsOf = (text: string) =>
  text.split(' ').map((eventId) => ({ eventId, entityId: eventId.slice(0, 1) }));

function recordOf(text: string): ProviderRecord {
  const record = new ProviderRecord();
  for (const event of eventsOf(text)) record.noteAcknowledged([event], 'during', 10);
  return record;
}

interface Held {
  readonly outbox?: string;
  readonly published?: string;
  readonly effects?: string;
}

const ALL = 'a1 b1 a2 b2';
const countsOf = (text: string) => countById(text.split(' '));

function evidenceOf({ outbox = ALL, published = ALL, effects = ALL }: Held): Evidence {
  return {
    outbox: countsOf(outbox),
    published: new Map([...countsOf(published).keys()].map((id) => [id, []])),
    effects: eventsOf(effects),
    deliveries: 0,
  };
}

interface Case {
  readonly name: string;
  readonly held: Held;
  /** The faults found, in order. */
  readonly faults: readonly RegExp[];
}

const cases: readonly Case[] = [
  { name: 'all is well', held: {}, faults: [] },
  {
    name: 'rows and messages may repeat',
    held: { outbox: `${ALL} a1`, published: `${ALL} a1` },
    faults: [],
  },
  {
    name: 'more than was acknowledged may be there',
    held: { outbox: `${ALL} c1`, effects: `c1 ${ALL}` },
    faults: [],
  },
  {
    name: 'entities act in any order among each other',
    held: { effects: 'b1 b2 a1 a2' },
    faults: [],
  },
  {
    name: 'an event that no store has',
    held: { outbox: 'a1 b1 a2', published: 'a1 b1 a2' },
    faults: [/durable store: 1 .*b2/, /outbox: 1/, /proof of passage: 1/],
  },
  {
    name: 'an event that the bus alone has',
    held: { outbox: 'a1 b1 a2' },
    faults: [/in the outbox: 1 .*b2/],
  },
  {
    name: 'an event that the outbox alone has',
    held: { published: 'a1 b1 a2', effects: 'a1 b1 a2' },
    faults: [/proof of passage: 1 .*b2/, /took effect: 1 .*b2/],
  },
  { name: 'an effect that came twice', held: { effects: `${ALL} a1` }, faults: [/twice: 1 .*a1/] },
  {
    name: 'also of an event that was not acknowledged',
    held: { effects: `c1 ${ALL} c1` },
    faults: [/twice: 1 .*c1/],
  },
  {
    name: 'effects of an entity the wrong way round',
    held: { effects: 'a2 b1 a1 b2' },
    faults: [/order of acknowledgement: 1 entities .*a2 acted before a1/],
  },
];

describe('judge of events', () => {
  it.each(cases)('$name', ({ held, faults }) => {
    const checks = judgeEvents({ record: recordOf(ALL), evidence: evidenceOf(held) });
    const found = checks.flatMap(({ name, fault }) => (fault ? [`${name}: ${fault}`] : []));
    expect(found).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  });

  it('takes the first effect for the order', () => {
    const checks = judgeEvents({
      record: recordOf(ALL),
      evidence: evidenceOf({ effects: `${ALL} a1` }),
    });
    expect(checks.filter(({ fault }) => fault)).toHaveLength(1);
  });
});

describe('judge of answers', () => {
  const answers = (good: number, bad: number) =>
    new Map([
      ['2xx', good],
      ['503', bad],
    ]);
  const latency = (p99Ms: number) => ({ answers: 100, p50Ms: 1, p99Ms, maxMs: p99Ms });
  it.each([
    { name: 'quick and all acknowledged', p99Ms: 900, good: 100, bad: 1, faults: 0 },
    { name: 'late', p99Ms: 1_100, good: 100, bad: 0, faults: 1 },
    { name: 'refused', p99Ms: 900, good: 100, bad: 2, faults: 1 },
  ])('$name', ({ p99Ms, good, bad, faults }) => {
    const checks = judgeAnswers(latency(p99Ms), latency(5), answers(good, bad), 1_000);
    expect(checks.filter(({ fault }) => fault)).toHaveLength(faults);
  });

  it('is not content where nothing was acknowledged', () => {
    expect(judgeAnswers(undefined, undefined, new Map(), 1_000)[0]?.fault).toBeDefined();
  });
});

describe('record of a provider', () => {
  it('keeps the order of each entity, and each event once', () => {
    const record = recordOf('a1 b1 a2 a1');
    expect(Object.fromEntries(record.byEntity)).toEqual({ a: ['a1', 'a2'], b: ['b1'] });
    expect(record.acknowledged.size).toBe(3);
  });

  it('gives percentiles of a phase', () => {
    const record = new ProviderRecord();
    for (let ms = 1; ms <= 200; ms += 1) record.noteAcknowledged([], 'during', ms);
    expect(record.latency('during')).toEqual({ answers: 200, p50Ms: 100, p99Ms: 198, maxMs: 200 });
    expect(record.latency('after')).toBeUndefined();
  });
});
