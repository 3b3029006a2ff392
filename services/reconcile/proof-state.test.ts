import { describe, expect, it } from 'vitest';
import { type Awaited, allowance, isInDoubt, nextState, type ProofState } from './proof-state.ts';

/** Pure. Times are minutes. */
const of = (proof: Awaited['proof'], count: number, attemptedAtMs = 10): Awaited[] =>
  Array.from({ length: count }, () => ({ attemptedAtMs, proof }));
const running: ProofState = { name: 'running', reason: null, sinceMs: 0 };
const probing: ProofState = { name: 'probing', reason: null, sinceMs: 5 };
const silent: ProofState = { name: 'suspended', reason: 'no_proof_arrives', sinceMs: 20 };
const partial: ProofState = {
  name: 'suspended',
  reason: 'carried_again_without_proof',
  sinceMs: 20,
};

interface Case {
  readonly name: string;
  readonly state: ProofState;
  readonly awaited: readonly Awaited[];
  readonly newest?: number;
  readonly deep?: boolean;
  readonly next: string;
}

const cases: readonly Case[] = [
  { name: 'nothing is awaited', state: running, awaited: [], next: 'running' },
  {
    name: 'proof may still come',
    state: running,
    awaited: of('waiting', 500),
    newest: 1,
    next: 'running',
  },
  {
    name: 'most have their proof',
    state: running,
    awaited: [...of('proven', 50), ...of('overdue', 50)],
    newest: 30,
    next: 'running',
  },
  {
    name: 'a few have none beside others that got theirs',
    state: running,
    awaited: [...of('proven', 1), ...of('overdue', 10)],
    newest: 30,
    next: 'running',
  },
  {
    name: 'many have none, though proofs arrive',
    state: running,
    awaited: [...of('proven', 10), ...of('overdue', 11)],
    newest: 30,
    next: 'suspended carried_again_without_proof',
  },
  {
    name: 'one has none and no proof arrived since',
    state: running,
    awaited: of('overdue', 1),
    newest: 9,
    next: 'suspended no_proof_arrives',
  },
  {
    name: 'one has none and there is no proof at all',
    state: running,
    awaited: of('overdue', 1),
    next: 'suspended no_proof_arrives',
  },
  {
    name: 'a probe waits for its proof',
    state: probing,
    awaited: [...of('waiting', 1), ...of('overdue', 99)],
    newest: 30,
    next: 'probing',
  },
  {
    name: 'a probe was not sent yet',
    state: probing,
    awaited: of('overdue', 500, 1),
    newest: 30,
    next: 'probing',
  },
  {
    name: 'a probe has its proof, whatever was awaited before',
    state: probing,
    awaited: [...of('proven', 100), ...of('overdue', 9_900, 1)],
    newest: 30,
    next: 'running',
  },
  {
    name: 'a probe has none',
    state: probing,
    awaited: of('overdue', 100),
    newest: 30,
    next: 'suspended carried_again_without_proof',
  },
  {
    name: 'a suspension goes on',
    state: silent,
    awaited: of('overdue', 1),
    newest: 19,
    next: 'suspended no_proof_arrives',
  },
  {
    name: 'a suspension goes on when all it waited for was given up',
    state: silent,
    awaited: [],
    next: 'suspended no_proof_arrives',
  },
  {
    name: 'proof arrives again, though not for what was awaited',
    state: silent,
    awaited: of('overdue', 1),
    newest: 21,
    next: 'probing',
  },
  {
    name: 'proof of other events says nothing about these',
    state: partial,
    awaited: of('overdue', 50),
    newest: 30,
    next: 'suspended carried_again_without_proof',
  },
  {
    name: 'what was awaited got its proof',
    state: partial,
    awaited: [...of('proven', 40), ...of('overdue', 2)],
    newest: 30,
    next: 'running',
  },
  {
    name: 'the daily run tries a suspension anew',
    state: partial,
    awaited: of('overdue', 50),
    deep: true,
    next: 'probing',
  },
];

describe('whether proofs are trusted', () => {
  it.each(cases)('$state.name: $name, then $next', ({ state, awaited, newest, deep, next }) => {
    const after = nextState(state, { awaited, newestProofMs: newest, deep: deep ?? false });
    expect(`${after.name} ${after.reason ?? ''}`.trim()).toBe(next);
  });

  it.each([
    { name: 'proof is as new as what is missing', gap: 20, proof: 20, doubt: false },
    { name: 'proof lags by the grace', gap: 25, proof: 20, doubt: false },
    { name: 'proof lags by more', gap: 26, proof: 20, doubt: true },
    { name: 'there is no proof', gap: 20, proof: undefined, doubt: true },
    { name: 'what is missing is old', gap: 1, proof: 20, doubt: false },
  ])('is in doubt: $doubt, when $name', ({ gap, proof, doubt }) => {
    expect(isInDoubt(gap, proof, 5)).toBe(doubt);
  });

  it.each([
    { name: 'running', state: running, awaited: of('waiting', 3), events: 50_000 },
    { name: 'probing, before the probe', state: probing, awaited: of('overdue', 3), events: 100 },
    {
      name: 'probing, while the probe waits',
      state: probing,
      awaited: of('waiting', 1),
      events: 0,
    },
    { name: 'suspended', state: silent, awaited: [], events: 0 },
  ])('$name: $events events may go', ({ state, awaited, events }) => {
    expect(allowance(state, awaited)).toBe(events);
  });
});
