import type { BusMessage } from './bus.ts';

/** UTF-8 takes at most three bytes for a unit of a string. */
export const MAX_BYTES_PER_UNIT = 3;

/** Bytes of a message as the bus counts them: data, attributes and ordering key in UTF-8. */
export function messageBytes(message: BusMessage): number {
  return sizeBy(message, Buffer.byteLength);
}

/** Whether a message has more bytes than that. They are counted only where its length leaves it open. */
export function isLarger(message: BusMessage, maxBytes: number): boolean {
  const units = sizeBy(message, (text) => text.length);
  return units * MAX_BYTES_PER_UNIT > maxBytes && messageBytes(message) > maxBytes;
}

function sizeBy(
  { data, attributes, orderingKey }: BusMessage,
  sizeOf: (text: string) => number,
): number {
  let size = sizeOf(data) + sizeOf(orderingKey);
  for (const name in attributes) size += sizeOf(name) + sizeOf(attributes[name] ?? '');
  return size;
}
