import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventMessages } from './event-stream.ts';

/** A body of these bytes, cut where the sizes say. */
function bodyOf(text: string, sizes: readonly number[] = []): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      let at = 0;
      for (const size of sizes) {
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      }
      controller.enqueue(bytes.slice(at));
      controller.close();
    },
  });
}

async function messagesOf(body: ReadableStream<Uint8Array> | null): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of eventMessages(body)) messages.push(message);
  return messages;
}

describe('event stream', () => {
  const cases: readonly { name: string; text: string; messages: readonly string[] }[] = [
    { name: 'nothing', text: '', messages: [] },
    { name: 'one message', text: 'id: 1\ndata: {"a":1}\n\n', messages: ['{"a":1}'] },
    { name: 'a message of several lines', text: 'id: 1\ndata: a\ndata: b\n\n', messages: ['a\nb'] },
    { name: 'comments', text: ': connected\n\n: alive\n\nid: 1\ndata: a\n\n', messages: ['a'] },
    { name: 'notices', text: 'event: missed\ndata: {"count":2}\n\n', messages: [] },
    {
      name: 'a message without its end',
      text: 'id: 1\ndata: a\n\nid: 2\ndata: b',
      messages: ['a'],
    },
  ];
  it.each(cases)('of $name', async ({ text, messages }) => {
    expect(await messagesOf(bodyOf(text))).toEqual(messages);
  });

  it('without a body', async () => {
    expect(await messagesOf(null)).toEqual([]);
  });

  it('gives the same messages wherever the network cuts it, also inside a letter', async () => {
    const sizes = fc.array(fc.nat(12), { maxLength: 20 });
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(texts, sizes, async (list, cuts) => {
        const data = list.map((text) => JSON.stringify({ text }));
        const text = data.map((one, index) => `id: ${index}\ndata: ${one}\n\n: alive\n\n`).join('');
        expect(await messagesOf(bodyOf(text, cuts))).toEqual(data);
      }),
    );
  });
});
