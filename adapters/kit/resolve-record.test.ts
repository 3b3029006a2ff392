import { describe, expect, it } from 'vitest';
import type { KnownEntity } from './resolution.ts';
import { type RecordState, resolveRecord } from './resolve-record.ts';

// Real: the resolution. A case is a sequence of observations of one deal, and what each is told as.

const CONNECTED_AT_MS = 1_000_000_000;
const BEFORE = CONNECTED_AT_MS - 86_400_000;
const AFTER = CONNECTED_AT_MS + 86_400_000;

type Seen = Partial<Omit<RecordState, 'entityType' | 'entityId'>>;

interface Case {
  readonly name: string;
  /** What is seen, and the events with the fields that changed, or why there is none. */
  readonly steps: readonly (readonly [seen: Seen, told: readonly string[] | string])[];
}

const snapshot = (version: number, fields: Record<string, unknown>, more: Seen = {}): Seen => ({
  change: 'upsert',
  complete: true,
  version,
  createdAtMs: AFTER,
  fields,
  ...more,
});
const delta = (
  change: RecordState['change'],
  version: number,
  fields: object = {},
  more: Seen = {},
) => ({
  change,
  version,
  fields: { ...fields },
  ...more,
});

const cases: readonly Case[] = [
  {
    name: 'an unseen record is created, a seen one updated with what changed',
    steps: [
      [snapshot(1, { Amount: '12.50', Stage: 'A' }), ['deal.created']],
      [snapshot(2, { Amount: '12.5', Stage: 'A' }), ['deal.updated Amount']],
      [snapshot(3, { Stage: 'B' }), ['deal.updated Amount,Stage']],
    ],
  },
  {
    name: 'a record older than the connection is updated when it is first seen',
    steps: [[snapshot(5, { Stage: 'A' }, { createdAtMs: BEFORE }), ['deal.updated null']]],
  },
  {
    name: 'a record whose version is its creation is created, however old',
    steps: [[snapshot(BEFORE, {}, { createdAtMs: BEFORE }), ['deal.created']]],
  },
  {
    name: 'a record that says nothing of its creation is created when it is first seen',
    steps: [[snapshot(5, {}, { createdAtMs: null }), ['deal.created']]],
  },
  {
    name: 'won once, on the transition',
    steps: [
      [snapshot(1, { Stage: 'A' }, { outcome: 'open' }), ['deal.created']],
      [snapshot(2, { Stage: 'W' }, { outcome: 'won' }), ['deal.updated Stage', 'deal.won']],
      [snapshot(3, { Stage: 'W', Note: 'x' }, { outcome: 'won' }), ['deal.updated Note']],
    ],
  },
  {
    name: 'lost, reopened, won',
    steps: [
      [snapshot(1, { Stage: 'L' }, { outcome: 'lost' }), ['deal.created', 'deal.lost']],
      [snapshot(2, { Stage: 'A' }, { outcome: 'open' }), ['deal.updated Stage']],
      [snapshot(3, { Stage: 'W' }, { outcome: 'won' }), ['deal.updated Stage', 'deal.won']],
    ],
  },
  {
    name: 'an update that says nothing of the outcome leaves it',
    steps: [
      [delta('created', 1, { Stage: 'W' }, { outcome: 'won' }), ['deal.created', 'deal.won']],
      [delta('updated', 2, { Note: 'x' }), ['deal.updated Note']],
      [delta('updated', 3, { Stage: 'W2' }, { outcome: 'won' }), ['deal.updated Stage']],
    ],
  },
  {
    name: 'won when first seen, also of an old record',
    steps: [
      [
        snapshot(9, { Stage: 'W' }, { createdAtMs: BEFORE, outcome: 'won' }),
        ['deal.updated null', 'deal.won'],
      ],
    ],
  },
  {
    name: 'a snapshot that was superseded before it came says nothing',
    steps: [
      [snapshot(2, { Stage: 'W' }, { outcome: 'won' }), ['deal.created', 'deal.won']],
      [snapshot(1, { Stage: 'A' }, { outcome: 'open' }), 'stale'],
      [snapshot(2, { Stage: 'W' }, { outcome: 'won' }), 'unchanged'],
    ],
  },
  {
    name: 'a partial change that comes late is told, without its outcome, and overwrites nothing',
    steps: [
      [delta('updated', 5, { Stage: 'A' }, { outcome: 'open' }), ['deal.updated null']],
      [
        delta('updated', 4, { Stage: 'W', Note: 'x' }, { outcome: 'won' }),
        ['deal.updated Note,Stage'],
      ],
      [delta('updated', 5, { Stage: 'A' }), 'unchanged'],
    ],
  },
  {
    name: 'the creation of a record that an update told of first is still told',
    steps: [
      [delta('updated', 2, { Stage: 'B' }), ['deal.updated null']],
      [delta('created', 1, { Stage: 'A' }), ['deal.created']],
      [delta('created', 1, { Stage: 'A' }), 'stale'],
    ],
  },
  {
    name: 'the same creation by two ways is told once',
    steps: [
      [snapshot(1, { Stage: 'A' }), ['deal.created']],
      [delta('created', 1, { Stage: 'A' }), 'unchanged'],
    ],
  },
  {
    name: 'deleted once; restored it is created again',
    steps: [
      [delta('created', 1, { Stage: 'W' }, { outcome: 'won' }), ['deal.created', 'deal.won']],
      [delta('deleted', 2), ['deal.deleted']],
      [delta('deleted', 2), 'unchanged'],
      [
        delta('restored', 3, { Stage: 'W' }, { outcome: 'won' }),
        ['deal.created restored', 'deal.won'],
      ],
      [delta('deleted', 2), 'stale'],
    ],
  },
  {
    name: 'seen again after its deletion it is created again',
    steps: [
      [snapshot(1, {}), ['deal.created']],
      [delta('deleted', 2), ['deal.deleted']],
      [snapshot(3, {}), ['deal.created restored']],
    ],
  },
  {
    name: 'a deletion of what was never seen is told',
    steps: [[delta('deleted', 2), ['deal.deleted']]],
  },
  {
    name: 'without versions every partial change counts, and an equal snapshot does not',
    steps: [
      [{ change: 'upsert', complete: true, version: null, fields: { a: 1 } }, ['deal.created']],
      [{ change: 'upsert', complete: true, version: null, fields: { a: 1 } }, 'unchanged'],
      [{ change: 'updated', version: null, fields: { a: 2 } }, ['deal.updated a']],
    ],
  },
  {
    name: 'two spellings of one value are one, in whatever order its names stand',
    steps: [
      [snapshot(1, { Owner: { id: '1', name: 'Ana' } }), ['deal.created']],
      [snapshot(1, { Owner: { name: 'Ana', id: '1' } }), 'unchanged'],
    ],
  },
  {
    name: 'names that objects have by birth are fields like others',
    steps: [
      [snapshot(1, { constructor: 'a', toString: 'b' }), ['deal.created']],
      [snapshot(2, { constructor: 'a', toString: 'c' }), ['deal.updated toString']],
    ],
  },
];

function told(seen: Seen, known: KnownEntity | undefined) {
  const state: RecordState = {
    entityType: 'deal',
    entityId: '7',
    change: 'updated',
    fields: {},
    complete: false,
    version: null,
    createdAtMs: null,
    outcome: undefined,
    ...seen,
  };
  const resolution = resolveRecord(state, known, { connectedAtMs: CONNECTED_AT_MS });
  const events = resolution.events.map(({ eventType, changedFields, extra, entityId }) => {
    expect(entityId).toBe('7');
    const fields = eventType === 'deal.updated' ? ` ${changedFields?.join() ?? 'null'}` : '';
    return `${eventType}${fields}${extra?.restored === true ? ' restored' : ''}`;
  });
  // As it is stored and read again.
  const next = resolution.known && (JSON.parse(JSON.stringify(resolution.known)) as KnownEntity);
  return { outcome: resolution.note ?? events, known: next ?? known };
}

describe('resolveRecord', () => {
  it.each(cases)('$name', ({ steps }) => {
    let known: KnownEntity | undefined;
    for (const [seen, expected] of steps) {
      const step = told(seen, known);
      expect(step.outcome).toEqual(expected);
      known = step.known;
    }
  });

  it('keeps hashes and no values', () => {
    const { known } = told(snapshot(1, { Name: 'Ada Lovelace', Amount: '1234567.89' }), undefined);
    expect(Object.keys(known?.fields ?? {})).toEqual(['Name', 'Amount']);
    expect(JSON.stringify(known)).not.toMatch(/Ada|1234567/);
  });

  it('bounds what it keeps', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`f${index}`, index]),
    );
    const { known } = told(snapshot(1, { ...many, ['x'.repeat(10_000)]: 1 }), undefined);
    expect(Object.keys(known?.fields ?? {})).toHaveLength(800);
    expect(JSON.stringify(known).length).toBeLessThan(30_000);
  });
});
