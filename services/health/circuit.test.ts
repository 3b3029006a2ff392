// The circuit as a pure state machine: its table, and what holds whatever happens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterCall,
  ask,
  type Circuit,
  CLOSED,
  OPENS_AFTER,
  PROBE_LOST_MS,
  retryAtMs,
  waitMs,
} from './circuit.ts';

const NOW = 1_000_000_000;
const closed = (failuresInARow: number): Circuit => ({ ...CLOSED, failuresInARow });
const open = (failuresInARow: number, agoMs: number): Circuit => ({
  state: 'open',
  failuresInARow,
  sinceMs: NOW - agoMs,
});
const halfOpen = (agoMs: number): Circuit => ({ ...open(5, agoMs), state: 'half_open' });

describe('after a call', () => {
  it.each([
    { name: 'a success changes nothing', from: CLOSED, outcome: 'ok', to: CLOSED },
    { name: 'a success ends a run of failures', from: closed(4), outcome: 'ok', to: CLOSED },
    { name: 'the first failure counts', from: CLOSED, outcome: 'failed', to: closed(1) },
    { name: 'the fourth does not open it', from: closed(3), outcome: 'failed', to: closed(4) },
    { name: 'the fifth opens it', from: closed(4), outcome: 'failed', to: open(5, 0) },
    { name: 'a late failure counts not', from: open(5, 9), outcome: 'failed', to: open(5, 9) },
    { name: 'a late success closes it', from: open(5, 9), outcome: 'ok', to: CLOSED },
    { name: 'the one call fails', from: halfOpen(9), outcome: 'failed', to: open(6, 0) },
    { name: 'the one call succeeds', from: halfOpen(9), outcome: 'ok', to: CLOSED },
  ] as const)('$name', ({ from, outcome, to }) => {
    expect(afterCall(from, outcome, NOW)).toEqual(to);
  });
});

describe('asked', () => {
  it.each([
    { name: 'closed: all pass', from: closed(4), answer: { allowed: true } },
    {
      name: 'open, too soon',
      from: open(5, 29_999),
      answer: { allowed: false, retryAfterMs: 1 },
    },
    {
      name: 'open, after the wait',
      from: open(5, 30_000),
      answer: { allowed: true, circuit: halfOpen(0) },
    },
    {
      name: 'open, too soon, by a health check',
      from: open(5, 1),
      isCheck: true,
      answer: { allowed: true, circuit: halfOpen(0) },
    },
    {
      name: 'half open: the one is under way',
      from: halfOpen(1),
      answer: { allowed: false, retryAfterMs: PROBE_LOST_MS - 1 },
    },
    {
      name: 'half open, also by a health check',
      from: halfOpen(1),
      isCheck: true,
      answer: { allowed: false, retryAfterMs: PROBE_LOST_MS - 1 },
    },
    {
      name: 'half open, and the one is lost',
      from: halfOpen(PROBE_LOST_MS),
      answer: { allowed: true, circuit: halfOpen(0) },
    },
  ])('$name', ({ from, isCheck = false, answer }) => {
    expect(ask(from, { nowMs: NOW, spread: 0.5, isCheck })).toEqual(answer);
  });
});

describe('the wait', () => {
  it('grows from half a minute to a quarter of an hour', () => {
    const waits = [5, 6, 7, 8, 9, 10, 11, 500].map((failures) => waitMs(failures, 0.5) / 1_000);
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  });

  it('is a fifth less or more, and never longer than the longest', () => {
    expect([waitMs(5, 0), waitMs(5, 1), waitMs(99, 0), waitMs(99, 1)]).toEqual([
      24_000, 36_000, 720_000, 900_000,
    ]);
  });
});

describe('whatever happens', () => {
  /** Time passes, somebody asks, or a call of some time ago is answered. */
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask'), isCheck: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('answer'),
        outcome: fc.constantFrom('ok' as const, 'failed' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 59_000 }) }),
    },
  );
  type Step = { kind: string; isCheck?: boolean; outcome?: 'ok' | 'failed'; ms?: number };

  it('never more than one call passes while it is half open', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps: Step[], spread) => {
          let circuit = CLOSED;
          let nowMs = NOW;
          let passedAtMs: number | undefined;
          for (const { kind, isCheck = false, outcome = 'ok', ms = 0 } of steps) {
            if (kind === 'wait') nowMs += ms;
            if (kind === 'answer') circuit = afterCall(circuit, outcome, nowMs);
            if (circuit.state !== 'half_open') passedAtMs = undefined;
            if (kind !== 'ask') continue;
            const answer = ask(circuit, { nowMs, spread, isCheck });
            if (!answer.allowed) {
              expect(answer.retryAfterMs).toBeGreaterThan(0);
              expect(circuit.state).not.toBe('closed');
              continue;
            }
            // Another may pass only when the one before has long been lost.
            if (passedAtMs !== undefined)
              expect(nowMs - passedAtMs).toBeGreaterThanOrEqual(PROBE_LOST_MS);
            if (!answer.circuit) continue;
            circuit = answer.circuit;
            passedAtMs = nowMs;
          }
        },
      ),
    );
  });

  it('it opens at the fifth failure in a row, and no sooner', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('ok' as const, 'failed' as const)), (outcomes) => {
        let circuit = CLOSED;
        let run = 0;
        for (const outcome of outcomes) {
          circuit = afterCall(circuit, outcome, NOW);
          run = outcome === 'ok' ? 0 : run + 1;
          expect(circuit.state).toBe(run >= OPENS_AFTER ? 'open' : 'closed');
        }
      }),
    );
  });

  it('it closes once the provider answers, within a quarter of an hour of the last failure', () => {
    const spreads = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), spreads, (steps: Step[], spread) => {
        let circuit = CLOSED;
        let nowMs = NOW;
        for (const { kind, isCheck = false, outcome = 'ok', ms = 0 } of steps) {
          if (kind === 'wait') nowMs += ms;
          if (kind === 'answer') circuit = afterCall(circuit, outcome, nowMs);
          if (kind !== 'ask') continue;
          const answer = ask(circuit, { nowMs, spread, isCheck });
          if (answer.allowed && answer.circuit) circuit = answer.circuit;
        }
        const retryMs = retryAtMs(circuit, spread) ?? nowMs;
        expect(retryMs - nowMs).toBeLessThanOrEqual(15 * 60_000);
        const answer = ask(circuit, { nowMs: Math.max(nowMs, retryMs), spread });
        expect(answer.allowed).toBe(true);
        expect(afterCall(circuit, 'ok', retryMs)).toEqual(CLOSED);
      }),
    );
  });
});
