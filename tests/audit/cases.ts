// What is planted, and what the audit says of it: one list for all databases and both warehouses.
import type { AuditReport } from '#services/audit/audit-report.ts';
import { deadLetter, spooled } from '../ledger/safety-net.ts';
import type { World } from './world.ts';

/** Registered since ever, but for the last one, since the thirtieth minute. */
export const CONSUMERS = ['commission', 'directory'] as const;
export const LATE_CONSUMER = 'late';
const BOTH = [...CONSUMERS];

export interface AuditCase {
  readonly name: string;
  /** Plants, and says what the report must hold. */
  readonly plant: (world: World) => Promise<Partial<AuditReport>>;
  readonly asked?: { readonly limit?: number; readonly grace?: number };
}

const none: Partial<AuditReport> = { disagreements: [], missing: [], truncated: false };

export const AUDIT_CASES: readonly AuditCase[] = [
  { name: 'an empty range', plant: async () => ({ verdict: 'proved', ...none }) },
  {
    name: 'all that was accepted stored, carried and consumed',
    plant: async (world) => {
      const events = [0, 0, 5, 20].map((minute) => world.event(minute));
      const observation = world.observation(6);
      const meant = world.event(7);
      await world.whole(BOTH, ...events, observation);
      await world.count('events_resolved', 7, 1);
      await world.store(meant);
      await world.prove([meant]);
      await world.consume(BOTH, meant);
      await world.prove([meant], { carried_again: 'replay', replay_id: 'r1' });
      return {
        verdict: 'proved',
        ...none,
        totals: {
          requests_accepted: 5,
          events_accepted: 5,
          events_resolved: 1,
          receipts: 6,
          outboxed: 6,
          observations: 1,
          published: 6,
          replayed: 1,
          spooled: 0,
          spool_waiting: 0,
          dead_lettered: 0,
          consumed: { commission: 5, directory: 5, late: 0, resolver: 1 },
        },
      };
    },
  },
  {
    name: 'an event that Pub/Sub did not carry',
    plant: async (world) => {
      const [kept, lost] = [world.event(1), world.event(1)];
      await world.whole(BOTH, kept);
      await world.accepted(kept, lost);
      await world.store(lost);
      await world.consume(BOTH, lost);
      const minute = world.at(1);
      const heals = `npx tributary reconcile --from ${minute} --to ${world.at(2)}`;
      return {
        verdict: 'missing',
        disagreements: [{ minute, kind: 'without_proof', events: 1, state: 'missing' }],
        missing: [{ ...id(lost), kind: 'without_proof', minute, state: 'missing', heals }],
      };
    },
  },
  {
    name: 'an event that Pub/Sub alone has',
    plant: async (world) => {
      const lost = world.event(1);
      await world.accepted(lost);
      await world.prove([lost]);
      await world.consume(BOTH, lost);
      const minute = world.at(1);
      const heals = `npx tributary reconcile --from ${minute} --to ${world.at(11)}`;
      return {
        verdict: 'missing',
        disagreements: [{ minute, kind: 'without_outbox_row', events: 1, state: 'missing' }],
        missing: [{ ...id(lost), kind: 'without_outbox_row', minute, state: 'missing', heals }],
      };
    },
  },
  {
    name: 'an event that one consumer did not consume',
    plant: async (world) => {
      const [kept, lost] = [world.event(1), world.event(1)];
      await world.whole(BOTH, kept);
      await world.whole(['commission'], lost);
      await world.accepted(kept, lost);
      const minute = world.at(1);
      const about = { minute, kind: 'not_consumed', consumer: 'directory' } as const;
      const heals = `npx tributary replay --from ${minute} --to ${world.at(2)} --consumer directory`;
      return {
        verdict: 'missing',
        disagreements: [{ ...about, events: 1, state: 'missing' }],
        missing: [{ ...id(lost), ...about, state: 'missing', heals }],
      };
    },
  },
  {
    name: 'an observation that was not resolved',
    plant: async (world) => {
      const lost = world.observation(1);
      await world.accepted(lost);
      await world.store(lost);
      await world.prove([lost]);
      const minute = world.at(1);
      const about = { minute, kind: 'not_consumed', consumer: 'resolver' } as const;
      const heals = `npx tributary replay --from ${minute} --to ${world.at(2)} --type deal.observed`;
      return {
        verdict: 'missing',
        disagreements: [{ ...about, events: 1, state: 'missing' }],
        missing: [{ ...id(lost), ...about, state: 'missing', heals }],
      };
    },
  },
  {
    name: 'an event that was accepted and is nowhere',
    plant: async (world) => {
      const kept = world.event(1);
      await world.whole(BOTH, kept);
      await world.count('events_accepted', 1, 2);
      const minute = world.at(1);
      return {
        verdict: 'missing',
        disagreements: [{ minute, kind: 'not_outboxed', events: 1, state: 'missing' }],
        missing: [],
      };
    },
  },
  {
    name: 'an event of the last minutes that is nowhere yet but in the outbox',
    plant: async (world) => {
      const young = world.event(58);
      await world.accepted(young);
      await world.store(young);
      const minute = world.at(58);
      const at = { minute, state: 'healing' } as const;
      return {
        verdict: 'healing',
        disagreements: [
          { ...at, kind: 'not_consumed', consumer: 'commission', events: 1 },
          { ...at, kind: 'not_consumed', consumer: 'directory', events: 1 },
          { ...at, kind: 'not_consumed', consumer: 'late', events: 1 },
          { ...at, kind: 'without_proof', events: 1 },
        ],
      };
    },
  },
  {
    name: 'the same without any grace',
    asked: { grace: 0 },
    plant: async (world) => {
      const young = world.event(58);
      await world.whole([...BOTH, LATE_CONSUMER], young);
      const lost = world.event(57);
      await world.accepted(lost);
      await world.store(lost);
      await world.consume([...BOTH, LATE_CONSUMER], lost);
      return { verdict: 'missing' };
    },
  },
  {
    name: 'an event in the spool',
    plant: async (world) => {
      const waiting = world.event(1);
      await world.accepted(waiting);
      await spooled(world.database, waiting);
      const minute = world.at(1);
      const heals = 'the spool is drained by itself as soon as a store answers';
      return {
        verdict: 'healing',
        disagreements: [],
        missing: [{ ...id(waiting), kind: 'in_spool', minute, state: 'healing', heals }],
      };
    },
  },
  {
    name: 'an open dead letter, which is known',
    plant: async (world) => {
      const letter = world.event(1);
      await world.whole(['directory'], letter);
      const letterId = await deadLetter(
        world.database,
        { ...letter, consumer: 'commission' },
        'open',
      );
      const heals = `npx tributary dead-letters retry ${letterId}`;
      const about = { kind: 'dead_letter', minute: world.at(1), consumer: 'commission' } as const;
      return {
        verdict: 'proved',
        disagreements: [],
        missing: [{ ...id(letter), ...about, state: 'known', heals }],
      };
    },
  },
  {
    name: 'a dead letter that is tried again',
    plant: async (world) => {
      const letter = world.event(1);
      await world.whole(['directory'], letter);
      await deadLetter(world.database, { ...letter, consumer: 'commission' }, 'retrying');
      return { verdict: 'healing', disagreements: [] };
    },
  },
  {
    name: 'a dead letter that somebody dropped',
    plant: async (world) => {
      const letter = world.event(1);
      await world.whole(['directory'], letter);
      await deadLetter(world.database, { ...letter, consumer: 'commission' }, 'dropped');
      return { verdict: 'proved', ...none };
    },
  },
  {
    name: 'a dead letter that was settled, of an event that was never consumed',
    plant: async (world) => {
      const letter = world.event(1);
      await world.whole(['directory'], letter);
      await deadLetter(world.database, { ...letter, consumer: 'commission' }, 'resolved');
      return { verdict: 'missing' };
    },
  },
  {
    name: 'events that a killed process had not counted',
    plant: async (world) => {
      const events = [world.event(1), world.event(1)];
      await world.store(...events);
      await world.prove(events);
      await world.consume(BOTH, ...events);
      return {
        verdict: 'proved',
        disagreements: [{ minute: world.at(1), kind: 'uncounted', events: 2, state: 'known' }],
        missing: [],
      };
    },
  },
  {
    name: 'a change that was accepted twice and consumed as it came the second time',
    plant: async (world) => {
      const first = world.event(1);
      const again = { ...first, received_at: world.at(3) };
      await world.accepted(first, again);
      await world.store(first, again);
      await world.prove([again]);
      await world.consume(BOTH, again);
      return { verdict: 'proved', ...none };
    },
  },
  {
    name: 'a change that was accepted twice and never consumed',
    plant: async (world) => {
      const first = world.event(1);
      const again = { ...first, received_at: world.at(3) };
      await world.accepted(first, again);
      await world.store(first, again);
      await world.prove([first]);
      await world.consume(['directory'], first);
      return { verdict: 'missing' };
    },
  },
  {
    name: 'what a consumer is to consume since it subscribed',
    plant: async (world) => {
      const [before, after] = [world.event(29), world.event(31)];
      await world.whole(BOTH, before, after);
      const about = { minute: world.at(31), kind: 'not_consumed', consumer: 'late' } as const;
      return {
        verdict: 'missing',
        disagreements: [{ ...about, events: 1, state: 'missing' }],
      };
    },
  },
  {
    name: 'more than is to be named, what is missing first',
    asked: { limit: 2 },
    plant: async (world) => {
      const lost = [1, 2, 3].map((minute) => world.event(minute));
      await world.accepted(...lost);
      await world.store(...lost);
      await world.consume(BOTH, ...lost);
      await spooled(world.database, world.event(0));
      const named = { kind: 'without_proof', state: 'missing' } as const;
      const heals = (minute: number) =>
        `npx tributary reconcile --from ${world.at(minute)} --to ${world.at(minute + 1)}`;
      return {
        verdict: 'missing',
        truncated: true,
        missing: [1, 2].map((minute) => ({
          ...id(lost[minute - 1] ?? { event_id: '' }),
          ...named,
          minute: world.at(minute),
          heals: heals(minute),
        })),
      };
    },
  },
];

function id({ event_id }: { readonly event_id: string }) {
  return { event_id };
}
