import { protos } from '@google-cloud/pubsub';
import { describe, expect, it } from 'vitest';
import { EventTooLarge, InvalidRequest } from '#schemas/problems.ts';
import type { BusMessage } from '../bus.ts';
import { messageBytes } from '../message-size.ts';
import { encodeMessage, MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES } from './message-limits.ts';

const TOPIC_OF_MOST_BYTES = `projects/${'p'.repeat(30)}/topics/${'t'.repeat(255)}`;

function message(parts: Partial<BusMessage> = {}): BusMessage {
  return { data: '{}', attributes: { kind: 'test' }, orderingKey: 'key', ...parts };
}

function attributes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, 'value']));
}

/** Pure. The emulator enforces no limits, so only these tests hold them. */
describe('encodeMessage', () => {
  it.each<{ name: string; parts: Partial<BusMessage> }>([
    { name: '100 attributes', parts: { attributes: attributes(100) } },
    {
      name: 'a name of 256 and a value of 1,024 bytes',
      parts: { attributes: { ['ä'.repeat(128)]: 'ö'.repeat(512) } },
    },
    { name: 'a key of 1,024 bytes', parts: { orderingKey: 'k'.repeat(1_024) } },
    { name: 'no data', parts: { data: '' } },
    { name: 'no attributes', parts: { attributes: {} } },
  ])('takes $name', ({ parts }) => {
    const { wire } = encodeMessage(message(parts));
    expect({ ...wire, data: wire.data.toString() }).toEqual(message(parts));
  });

  it.each<{ name: string; parts: Partial<BusMessage>; says: RegExp }>([
    { name: '101 attributes', parts: { attributes: attributes(101) }, says: /101 attributes/ },
    {
      name: 'a name of 257 bytes',
      parts: { attributes: { [`${'ä'.repeat(128)}a`]: '' } },
      says: /more than 256 bytes/,
    },
    {
      name: 'a value of 1,025 bytes',
      parts: { attributes: { kind: `${'ö'.repeat(512)}o` } },
      says: /"kind" has a value of more than 1024/,
    },
    {
      name: "Google's names",
      parts: { attributes: { googclient: '' } },
      says: /begins with "goog"/,
    },
    { name: 'an empty name', parts: { attributes: { '': '' } }, says: /no name/ },
    {
      name: 'a value that is no string',
      parts: { attributes: { count: 1 as unknown as string } },
      says: /not a string/,
    },
    {
      name: 'a key of 1,025 bytes',
      parts: { orderingKey: `${'ü'.repeat(512)}u` },
      says: /ordering key/,
    },
    { name: 'nothing at all', parts: { data: '', attributes: {} }, says: /without data/ },
  ])('refuses $name', ({ parts, says }) => {
    expect(() => encodeMessage(message(parts))).toThrow(InvalidRequest);
    expect(() => encodeMessage(message(parts))).toThrow(says);
  });

  it('refuses one byte too many, counted in UTF-8', () => {
    const empty = messageBytes(message({ data: '' }));
    const most = message({ data: 'x'.repeat(MAX_MESSAGE_BYTES - empty) });
    expect(encodeMessage(most).wire.data.length).toBe(MAX_MESSAGE_BYTES - empty);
    const wide = message({ data: `${most.data.slice(1)}ü` });
    expect(() => encodeMessage(wide)).toThrow(EventTooLarge);
  });

  it('leaves room for what a request puts around the largest message', () => {
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        String(index).padStart(256, 'n'),
        'v'.repeat(1_024),
      ]),
    );
    const around = messageBytes(message({ data: '', attributes: many }));
    const { wire, requestBytes } = encodeMessage(
      message({ data: 'x'.repeat(MAX_MESSAGE_BYTES - around), attributes: many }),
    );
    const request = protos.google.pubsub.v1.PublishRequest.encode({
      topic: TOPIC_OF_MOST_BYTES,
      messages: [wire],
    }).finish();
    expect(request.length).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
    expect(request.length - TOPIC_OF_MOST_BYTES.length).toBeLessThanOrEqual(requestBytes + 3);
  });
});
