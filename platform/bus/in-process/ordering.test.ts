import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from './cursor.ts';
import { OrderedQueue } from './ordering.ts';

interface Item {
  readonly key: string;
  readonly position: number;
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('', 'a', 'b', 'c') }),
    fc.record({ kind: fc.constant('take' as const) }),
    fc.record({
      kind: fc.constantFrom('settle' as const, 'putBack' as const),
      which: fc.nat({ max: 5 }),
    }),
  ),
  { maxLength: 200 },
);

describe('OrderedQueue', () => {
  it('gives of each key only the oldest unsettled item, and all of them in the end', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const queue = new OrderedQueue<Item>(({ key }) => key);
        // The model: all unsettled items in order, and those that are out.
        let unsettled: Item[] = [];
        const out: Item[] = [];
        let position = 0;
        const mayGo = (item: Item) =>
          !out.includes(item) &&
          (item.key === '' || unsettled.find(({ key }) => key === item.key) === item);
        const take = () => {
          const item = queue.take();
          if (item === undefined) {
            expect(unsettled.filter(mayGo)).toEqual([]);
            return;
          }
          expect(mayGo(item)).toBe(true);
          out.push(item);
        };
        const settle = (item: Item) => {
          unsettled = unsettled.filter((other) => other !== item);
          queue.settle(item);
        };
        for (const step of script) {
          if (step.kind === 'add') {
            const item = { key: step.key, position };
            position += 1;
            unsettled.push(item);
            queue.add(item);
          } else if (step.kind === 'take') {
            take();
          } else {
            const [item] = out.splice(step.which % Math.max(1, out.length), 1);
            if (item && step.kind === 'settle') settle(item);
            else if (item) queue.putBack(item);
          }
          expect(queue.readySize).toBe(unsettled.filter(mayGo).length);
        }
        while (unsettled.length > 0) {
          take();
          const item = out.shift();
          if (!item) throw new Error('nothing can be taken, and not all is settled');
          settle(item);
        }
      }),
    );
  });
});

describe('OrderedQueue and Cursor over restarts', () => {
  const run = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('read' as const, 'take' as const) },
      { weight: 6, arbitrary: fc.constantFrom('settle' as const, 'fail' as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('reopen' as const, 'crash' as const, 'save' as const),
      },
    ),
    { maxLength: 300 },
  );

  it('delivers every message, in order per key, and none again that a kept cursor calls settled', () => {
    fc.assert(
      fc.property(run, fc.infiniteStream(fc.constantFrom('', 'a', 'b')), (script, keyStream) => {
        const COUNT = 40;
        const items = [...keyStream.take(COUNT)].map((key, position) => ({ key, position }));
        const settled = new Set<number>();
        // What the cursor in use has seen settled, and the kept one: a crash forgets the difference.
        let seenSettled = new Set<number>();
        let keptSettled = new Set<number>();
        let kept = new Cursor({ readTo: 0, unsettled: [] }).state();
        let cursor = new Cursor(kept);
        let queue = new OrderedQueue<Item>(({ key }) => key);
        let out: Item[] = [];
        let next = 0;
        const save = () => {
          kept = JSON.parse(JSON.stringify(cursor.state()));
          keptSettled = new Set(seenSettled);
        };
        const reopen = () => {
          cursor = new Cursor(kept);
          seenSettled = new Set(keptSettled);
          queue = new OrderedQueue<Item>(({ key }) => key);
          out = [];
          next = cursor.low;
        };
        const read = () => {
          const item = items[next];
          if (!item) return;
          next += 1;
          if (cursor.admit(item.position) === undefined) {
            expect(settled.has(item.position)).toBe(true);
          } else {
            queue.add(item);
          }
        };
        const take = () => {
          const item = queue.take();
          if (!item) return;
          expect(keptSettled.has(item.position)).toBe(false);
          const earlier = items.slice(0, item.position).filter(({ key }) => key === item.key);
          if (item.key !== '') expect(earlier.every((e) => settled.has(e.position))).toBe(true);
          out.push(item);
        };
        const settle = () => {
          const item = out.shift();
          if (!item) return;
          settled.add(item.position);
          seenSettled.add(item.position);
          cursor.settle(item.position);
          queue.settle(item);
        };
        const fail = () => {
          const item = out.pop();
          if (!item) return;
          cursor.fail(item.position);
          queue.putBack(item);
        };
        const acts = { read, take, settle, fail, save };
        for (const step of script) {
          if (step === 'reopen') save();
          if (step === 'reopen' || step === 'crash') reopen();
          else acts[step]();
          // No segment that holds an unsettled message may be given up.
          expect(items.slice(0, cursor.low).every((item) => settled.has(item.position))).toBe(true);
        }
        for (let turn = 0; turn < 3 * COUNT; turn += 1) {
          read();
          take();
          settle();
        }
        expect(settled.size).toBe(COUNT);
        expect(cursor.low).toBe(COUNT);
        expect(cursor.state()).toEqual({ readTo: COUNT, unsettled: [] });
      }),
    );
  });
});
