import { describe, expect, it } from 'vitest';
import { type InboxEntry, type InboxMessage, OrderedInbox } from './ordered-inbox.ts';

type Settled = 'ack' | 'nack';

/** Pure: messages as they come from either service, without any service. */
describe('OrderedInbox', () => {
  const make = (ordered = true) => {
    const settled: string[] = [];
    const inbox = new OrderedInbox<InboxMessage>(ordered);
    const settle = (id: string, copy: number, how: Settled) => () => {
      settled.push(`${how} ${id}${copy > 1 ? `/${copy}` : ''}`);
    };
    const copies = new Map<string, number>();
    const add = (id: string, orderingKey: string | undefined = 'key') => {
      const copy = (copies.get(id) ?? 0) + 1;
      copies.set(id, copy);
      inbox.add({
        id,
        orderingKey,
        deliveryAttempt: 0,
        ack: settle(id, copy, 'ack'),
        nack: settle(id, copy, 'nack'),
      });
    };
    const take = (id: string): InboxEntry<InboxMessage> => {
      const entry = inbox.take();
      expect(entry?.copies[0].id).toBe(id);
      if (!entry) throw new Error(`${id} is not ready`);
      return entry;
    };
    return { inbox, settled, add, take };
  };

  it('gives one message of a key at a time, in order, and those without a key at once', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2', '3']) add(id);
    for (const id of ['free 1', 'free 2']) add(id, '');
    add('other', 'other key');
    const first = take('1');
    take('free 1');
    take('free 2');
    take('other');
    expect(inbox.take()).toBeUndefined();
    inbox.succeed(first);
    inbox.succeed(take('2'));
    inbox.succeed(take('3'));
    expect(settled).toEqual(['ack 1', 'ack 2', 'ack 3']);
  });

  it('gives all at once, and holds nothing back, where no order is asked for', () => {
    const { inbox, add, take, settled } = make(false);
    for (const id of ['1', '2', '3']) add(id);
    const [first, second, third] = [take('1'), take('2'), take('3')];
    inbox.fail(first)();
    inbox.succeed(third);
    inbox.succeed(second);
    expect(settled).toEqual(['nack 1', 'ack 3', 'ack 2']);
    expect(inbox.size).toBe(0);
  });

  it('holds the later ones until a failed message is back, and hands back only that one', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2']) add(id);
    inbox.fail(take('1'));
    add('3');
    expect(inbox.take()).toBeUndefined();
    add('1');
    const again = take('1');
    expect(again.failures).toBe(1);
    inbox.succeed(again);
    inbox.succeed(take('2'));
    inbox.succeed(take('3'));
    expect(settled).toEqual(['nack 1', 'ack 1/2', 'ack 2', 'ack 3']);
    expect(inbox.size).toBe(0);
  });

  it('takes the copies that come after a redelivered message for the messages it holds', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2', '3']) add(id);
    inbox.fail(take('1'));
    for (const id of ['1', '2', '3']) add(id);
    inbox.succeed(take('1'));
    inbox.succeed(take('2'));
    inbox.succeed(take('3'));
    expect(inbox.take()).toBeUndefined();
    expect(settled).toEqual(['nack 1', 'ack 1/2', 'ack 2', 'ack 2/2', 'ack 3', 'ack 3/2']);
  });

  it('settles a copy of a message that is under way with it', () => {
    const { inbox, add, take, settled } = make();
    add('1');
    const first = take('1');
    add('1');
    expect(inbox.take()).toBeUndefined();
    inbox.fail(first);
    expect(settled).toEqual(['nack 1', 'nack 1/2']);
  });

  it('hands back what it holds, in order, when the failed message does not return in time', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2', '3']) add(id);
    const endWait = inbox.fail(take('1'));
    endWait();
    expect(settled).toEqual(['nack 1', 'nack 2', 'nack 3']);
    expect(inbox.size).toBe(0);
    add('4');
    take('4');
  });

  it('ends only the wait it was made for', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2']) add(id);
    const endFirst = inbox.fail(take('1'));
    add('1');
    const endSecond = inbox.fail(take('1'));
    endFirst();
    expect(settled).toEqual(['nack 1', 'nack 1/2']);
    endSecond();
    expect(settled).toEqual(['nack 1', 'nack 1/2', 'nack 2']);
  });

  it('counts the failures of each message on its own', () => {
    const { inbox, add, take } = make();
    for (const id of ['1', '2']) add(id);
    inbox.fail(take('1'));
    add('1');
    inbox.fail(take('1'));
    add('1');
    const third = take('1');
    expect(third.failures).toBe(2);
    inbox.succeed(third);
    expect(take('2').failures).toBe(0);
  });

  it('hands back all that is not under way', () => {
    const { inbox, add, take, settled } = make();
    add('under way', 'a');
    add('held', 'a');
    const entry = take('under way');
    add('1', 'b');
    add('2', 'b');
    add('free', '');
    inbox.handBackAll();
    expect(settled.toSorted()).toEqual(['nack 1', 'nack 2', 'nack free', 'nack held']);
    expect(settled.indexOf('nack 1')).toBeLessThan(settled.indexOf('nack 2'));
    expect(inbox.take()).toBeUndefined();
    inbox.succeed(entry);
    expect(inbox.size).toBe(0);
    add('3', 'b');
    take('3');
  });

  it('hands back what is ready, and what is behind a message under way when that is settled', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['under way', 'held', 'held too']) add(id, 'a');
    const entry = take('under way');
    for (const id of ['1', '2']) add(id, 'b');
    inbox.handBackReady();
    expect(settled).toEqual(['nack 1', 'nack 2']);
    inbox.succeed(entry);
    inbox.handBackReady();
    expect(settled.slice(2)).toEqual(['ack under way', 'nack held', 'nack held too']);
    expect(inbox.size).toBe(0);
  });

  it('holds nothing behind a failed message once waiting has ended, whenever it comes or fails', () => {
    const { inbox, add, take, settled } = make();
    for (const id of ['1', '2']) add(id, 'before');
    inbox.fail(take('1'));
    for (const id of ['3', '4']) add(id, 'after');
    inbox.endWaiting();
    expect(settled).toEqual(['nack 1', 'nack 2']);
    add('5', 'before');
    inbox.fail(take('3'));
    add('6', 'after');
    expect(settled.slice(2)).toEqual(['nack 5', 'nack 3', 'nack 4', 'nack 6']);
    expect(inbox.take()).toBeUndefined();
    expect(inbox.size).toBe(0);
  });
});
