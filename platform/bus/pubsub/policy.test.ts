import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '#schemas/problems.ts';
import type { SubscriptionOptions } from '../bus.ts';
import { ResourceNames, shortName } from './names.ts';
import {
  effectivePolicy,
  emulatorPolicy,
  policyDifferences,
  policyFields,
  policyOf,
} from './policy.ts';
import { resolveOptions } from './subscription-options.ts';

const names = new ResourceNames('acme');
const dead = (maxAttempts: number) => ({ topic: 'dead', maxAttempts });
const resolved = (options: SubscriptionOptions = {}) => resolveOptions('events', options);
const backoff = { minMs: 250, maxMs: 61_500 };

/** Pure: what Google's Terraform provider and its API call a retry and a dead-letter policy. */
describe('policy of a subscription', () => {
  it('reads back what it writes', () => {
    const policy = { backoff, deadLetter: dead(7) };
    const fields = policyFields(policy, (topic) => names.topic(topic));
    expect(fields.retryPolicy?.minimumBackoff).toEqual({ seconds: 0, nanos: 250_000_000 });
    expect(fields.deadLetterPolicy?.deadLetterTopic).toBe('projects/acme/topics/dead');
    expect(policyOf(fields)).toEqual(policy);
  });

  it('fills in what Google does', () => {
    expect(policyOf({})).toEqual({ backoff: undefined, deadLetter: undefined });
    expect(
      policyOf({
        retryPolicy: {},
        deadLetterPolicy: { deadLetterTopic: 'projects/a/topics/dead' },
      }),
    ).toEqual({ backoff: { minMs: 10_000, maxMs: 600_000 }, deadLetter: dead(5) });
  });

  it('lets the emulator count attempts, and never act on them', () => {
    expect(emulatorPolicy(resolved({ deadLetter: dead(5) })).deadLetter).toEqual(dead(100));
    expect(emulatorPolicy(resolved())).toEqual({
      backoff: { minMs: 100, maxMs: 60_000 },
      deadLetter: undefined,
    });
  });

  it.each([
    { name: 'as its consumer asked, where that is sooner', asked: 3, has: 5, gives: 3 },
    { name: 'as Pub/Sub does, where that is sooner', asked: 10, has: 5, gives: 5 },
  ])('gives up $name', ({ asked, has, gives }) => {
    const options = resolved({ deadLetter: dead(asked) });
    const policy = effectivePolicy({ backoff, deadLetter: dead(has) }, options);
    expect(policy).toEqual({ backoff, deadLetter: dead(gives) });
  });

  it.each<{ name: string; options: SubscriptionOptions; attempts?: number; says: RegExp[] }>([
    { name: 'nothing when all is as asked', options: { backoff, deadLetter: dead(5) }, says: [] },
    {
      name: 'nothing when nothing was asked about back-off',
      options: { deadLetter: dead(5) },
      says: [],
    },
    {
      name: 'another back-off',
      options: { backoff: { minMs: 1, maxMs: 2 }, deadLetter: dead(5) },
      says: [/after 250 to 61500 ms instead of 1 to 2 ms/],
    },
    {
      name: 'fewer attempts',
      options: { deadLetter: dead(9) },
      says: [/after 5 attempts instead of 9/],
    },
    { name: 'an end nobody asked for', options: {}, says: [/after 5 attempts instead of never/] },
    { name: 'nothing when the driver gives up sooner', options: { deadLetter: dead(2) }, says: [] },
  ])('tells of $name', ({ options, says }) => {
    const differences = policyDifferences({ backoff, deadLetter: dead(5) }, resolved(options));
    expect(differences).toHaveLength(says.length);
    for (const [index, text] of says.entries()) expect(differences[index]).toMatch(text);
  });

  it('says nothing of an end that is as late as Pub/Sub has one', () => {
    expect(policyDifferences({ backoff, deadLetter: dead(100) }, resolved())).toEqual([]);
  });

  it('tells when failed messages come back at once', () => {
    const policy = { backoff: undefined, deadLetter: undefined };
    expect(policyDifferences(policy, resolved())).toEqual([
      expect.stringMatching(/no retry policy/),
    ]);
  });
});

describe('options of a subscription', () => {
  it.each<{ name: string; options: SubscriptionOptions; says: RegExp }>([
    { name: 'no delivery at all', options: { maxInFlight: 0 }, says: /maxInFlight/ },
    { name: 'a lease longer than a timer', options: { leaseMs: 2 ** 31 }, says: /leaseMs/ },
    {
      name: "a back-off longer than Google's",
      options: { backoff: { minMs: 1, maxMs: 600_001 } },
      says: /backoff\.maxMs.*600000/,
    },
    {
      name: 'a maximum below the minimum',
      options: { backoff: { minMs: 10, maxMs: 5 } },
      says: /backoff\.maxMs/,
    },
    { name: 'no attempt at all', options: { deadLetter: dead(0) }, says: /maxAttempts/ },
    {
      name: 'more attempts than Google counts',
      options: { deadLetter: dead(101) },
      says: /1 to 100/,
    },
    {
      name: 'a topic as its own dead-letter topic',
      options: { deadLetter: { topic: 'events', maxAttempts: 5 } },
      says: /its own dead-letter topic/,
    },
  ])('refuse $name', ({ options, says }) => {
    expect(() => resolved(options)).toThrow(InvalidRequest);
    expect(() => resolved(options)).toThrow(says);
  });
});

describe('names', () => {
  it.each(['', 'ab', '../../etc', '1st', 'a/b/c', 'google-topic', 'x'.repeat(256), 'a b c'])(
    'refuse "%s"',
    (name) => {
      expect(() => names.topic(name)).toThrow(InvalidRequest);
      expect(() => names.subscription(name)).toThrow(InvalidRequest);
    },
  );

  it('are full and short', () => {
    expect(names.subscription('Reader.1_a~b+c%d')).toBe(
      'projects/acme/subscriptions/Reader.1_a~b+c%d',
    );
    expect(shortName(names.topic('events'))).toBe('events');
  });
});
