import { readFile } from 'node:fs/promises';

/** A secret that stands in a file. The line break that editors add is no part of it. */
export async function secretFromFile(path: string): Promise<string> {
  return withoutLineBreak(await readFile(path, 'utf8'));
}

/** A secret that is piped in. The line break that `echo` adds is no part of it. */
export async function secretFromStream(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return withoutLineBreak(Buffer.concat(chunks).toString('utf8'));
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}
