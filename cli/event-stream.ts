/**
 * The data of each event of a server-sent event stream, in order. Messages without an id, such as
 * comments and notices, are passed over.
 */
export async function* eventMessages(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      if (!lines.some((line) => line.startsWith('id:'))) continue;
      const data = lines.filter((line) => line.startsWith('data: '));
      yield data.map((line) => line.slice('data: '.length)).join('\n');
    }
  }
}
