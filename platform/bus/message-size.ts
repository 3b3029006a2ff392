import type { BusMessage } from './bus.ts';

/** Bytes of a message as the bus counts them: data, attributes and ordering key in UTF-8. */
export function messageBytes({ data, attributes, orderingKey }: BusMessage): number {
  let bytes = Buffer.byteLength(data) + Buffer.byteLength(orderingKey);
  for (const [name, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}
