import { describe, expect, it } from 'vitest';
import { BusUnavailable, EventTooLarge, InvalidRequest } from '#schemas/problems.ts';
import { message } from '../testing/recorder.ts';
import type { WireMessage } from './message-limits.ts';
import { MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES } from './message-limits.ts';
import { PublishRoom } from './publish-room.ts';
import { Publisher } from './publisher.ts';

interface Request {
  readonly texts: string[];
  readonly key: string;
  readonly bytes: number;
  confirm(): void;
  fail(error: Error): void;
}

const PLENTY = 1_000_000_000;

/** A publisher whose requests the test answers. Doubled: Pub/Sub. */
function makePublisher({ timeoutMs = 10_000, room = new PublishRoom(PLENTY, PLENTY) } = {}) {
  const requests: Request[] = [];
  const send = (messages: WireMessage[]) =>
    new Promise<void>((resolve, reject) =>
      requests.push({
        texts: messages.map(({ data }) => JSON.parse(data.toString())),
        key: messages[0]?.orderingKey ?? '',
        bytes: messages.reduce((sum, { data }) => sum + data.length, 0),
        confirm: resolve,
        fail: reject,
      }),
    );
  const publisher = new Publisher({ send, timeoutMs, room });
  const publish = (texts: readonly string[], key = 'key') =>
    publisher.publish(texts.map((text) => message(text, key))).settled;
  const nth = (index: number) => {
    const request = requests[index];
    if (!request) throw new Error(`No request ${index}.`);
    return request;
  };
  return { publisher, publish, requests, nth, room };
}

/** Lets promises that are settled run on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Publisher', () => {
  it('sends at once, one request for each key, and all without a key together', () => {
    const { publisher, requests } = makePublisher();
    publisher.publish([
      message('a1', 'a'),
      message('b1', 'b'),
      message('free1', ''),
      message('a2', 'a'),
      message('free2', ''),
    ]);
    expect(requests.map(({ key, texts }) => [key, texts])).toEqual([
      ['a', ['a1', 'a2']],
      ['b', ['b1']],
      ['', ['free1', 'free2']],
    ]);
  });

  it('sends the next of a key after the answer to the one before, with all that came meanwhile', async () => {
    const { publish, requests, nth } = makePublisher();
    const calls = [publish(['1']), publish(['2']), publish(['3', '4'])];
    expect(requests).toHaveLength(1);
    nth(0).confirm();
    await calls[0];
    await settle();
    expect(nth(1).texts).toEqual(['2', '3', '4']);
    nth(1).confirm();
    await Promise.all(calls);
  });

  it('does not wait between messages without a key', () => {
    const { publish, requests } = makePublisher();
    void publish(['1'], '');
    void publish(['2'], '');
    expect(requests).toHaveLength(2);
  });

  it('settles a call when the last of its requests is confirmed', async () => {
    const { publisher, nth } = makePublisher();
    let confirmed = false;
    const call = publisher.publish([message('a', 'a'), message('b', 'b')]);
    void call.settled.then(() => {
      confirmed = true;
    });
    nth(0).confirm();
    await settle();
    expect(confirmed).toBe(false);
    nth(1).confirm();
    await call.settled;
  });

  it('fails what waits behind a failed message of its key, no other key, and goes on afterwards', async () => {
    const { publish, requests, nth } = makePublisher();
    const failed = publish(['1']);
    const behind = publish(['2']);
    const other = publish(['other'], 'other key');
    nth(0).fail(new InvalidRequest('refused'));
    await expect(failed).rejects.toThrow(InvalidRequest);
    await expect(behind).rejects.toThrow(BusUnavailable);
    await expect(behind).rejects.toThrow(/An earlier message of the same ordering key/);
    nth(1).confirm();
    await other;
    expect(requests).toHaveLength(2);
    const next = publish(['3']);
    expect(nth(2).texts).toEqual(['3']);
    nth(2).confirm();
    await next;
  });

  it('rejects every call with a message in a refused request', async () => {
    const { publish, nth } = makePublisher();
    const first = publish(['1']);
    const calls = [publish(['2']), publish(['3'])];
    nth(0).confirm();
    await first;
    await settle();
    nth(1).fail(new InvalidRequest('refused'));
    for (const call of calls) await expect(call).rejects.toThrow(InvalidRequest);
  });

  it('gives up at its deadline, and does not send what is not sent by then', async () => {
    const { publish, requests, nth } = makePublisher({ timeoutMs: 20 });
    const calls = [publish(['1']), publish(['2'])];
    for (const call of calls) await expect(call).rejects.toThrow(/within 20 ms/);
    const later = publish(['3']);
    nth(0).confirm();
    await settle();
    expect(requests.map(({ texts }) => texts)).toEqual([['1'], ['3']]);
    nth(1).confirm();
    await later;
  });

  it('cuts requests at 1,000 messages and at their bytes', async () => {
    const { publish, requests, nth } = makePublisher();
    const many = publish(Array.from({ length: 2_500 }, (_, index) => String(index)));
    for (let index = 0; index < 3; index += 1) {
      nth(index).confirm();
      await settle();
    }
    await many;
    expect(requests.map(({ texts }) => texts.length)).toEqual([1_000, 1_000, 500]);
    const large = publish(['x'.repeat(4_000_000), 'y'.repeat(4_000_000), 'z'.repeat(4_000_000)]);
    nth(3).confirm();
    await settle();
    nth(4).confirm();
    await large;
    expect(nth(3).texts).toHaveLength(2);
    expect(nth(3).bytes).toBeLessThan(MAX_REQUEST_BYTES);
  });

  it('sends nothing of a call with a message that cannot go', () => {
    const { publisher, requests, room } = makePublisher();
    const large = { ...message('x'), data: 'x'.repeat(MAX_MESSAGE_BYTES + 1) };
    expect(() => publisher.publish([message('a'), large])).toThrow(EventTooLarge);
    const bad = { ...message('x'), attributes: { goog: 'x' } };
    expect(() => publisher.publish([message('a'), bad])).toThrow(InvalidRequest);
    expect(requests).toHaveLength(0);
    expect(() => room.take(PLENTY, PLENTY)).not.toThrow();
  });

  it('refuses more than may be outstanding, until what is there is settled', async () => {
    const { publish, publisher, nth } = makePublisher({ room: new PublishRoom(3, PLENTY) });
    const [kept, failed] = [publish(['1', '2'], 'a'), publish(['3'], 'b')];
    const refused = () => publisher.publish([message('4', 'c')]);
    expect(refused).toThrow(BusUnavailable);
    expect(refused).toThrow(/bound of 3 messages/);
    nth(1).fail(new BusUnavailable('away'));
    await expect(failed).rejects.toThrow('away');
    const next = publish(['4'], 'c');
    expect(refused).toThrow(BusUnavailable);
    nth(0).confirm();
    nth(2).confirm();
    await Promise.all([kept, next]);
  });

  it('counts bytes too, and lets a call that is larger than all room go alone', async () => {
    const { publish, publisher, nth } = makePublisher({ room: new PublishRoom(PLENTY, 1_000) });
    const large = publish(['x'.repeat(5_000)], 'a');
    expect(() => publisher.publish([message('1', 'b')])).toThrow(/1000 bytes/);
    nth(0).confirm();
    await large;
    const small = publish(['1'], 'b');
    nth(1).confirm();
    await small;
  });

  it('gives the room of what it never sent back', async () => {
    const { publish, nth } = makePublisher({ timeoutMs: 20, room: new PublishRoom(2, PLENTY) });
    const calls = [publish(['1']), publish(['2'])];
    for (const call of calls) await expect(call).rejects.toThrow(BusUnavailable);
    nth(0).confirm();
    await settle();
    const [next, another] = [publish(['3'], 'a'), publish(['4'], 'b')];
    nth(1).confirm();
    nth(2).confirm();
    await Promise.all([next, another]);
  });
});
