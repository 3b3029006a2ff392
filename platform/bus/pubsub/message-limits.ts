import { EventTooLarge, InvalidRequest } from '#schemas/problems.ts';
import type { BusMessage } from '../bus.ts';
import { messageBytes } from '../message-size.ts';

/** Pub/Sub's bound of a publish request, by its quotas page; a message has the same. */
export const MAX_REQUEST_BYTES = 10_000_000;

/**
 * What a request needs around one message at most: the topic's name (under 320 bytes), and tags and
 * lengths of the fields (under 12 bytes for each of 100 attributes, under 32 for the others).
 */
const REQUEST_RESERVE_BYTES = 2_048;

/** Most bytes of data, attributes and key together. Larger is refused: see decision 0010. */
export const MAX_MESSAGE_BYTES = MAX_REQUEST_BYTES - REQUEST_RESERVE_BYTES;

/** Pub/Sub's quotas page. The client checks none of them, and the emulator does not either. */
const MAX_ATTRIBUTES = 100;
const MAX_ATTRIBUTE_NAME_BYTES = 256;
const MAX_ATTRIBUTE_VALUE_BYTES = 1_024;
const MAX_ORDERING_KEY_BYTES = 1_024;
const BYTES_AROUND_ATTRIBUTE = 12;
const BYTES_AROUND_MESSAGE = 32;

/** A message as the publish request carries it. */
export interface WireMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

export interface EncodedMessage {
  readonly wire: WireMessage;
  /** What it takes of a request, rounded up. */
  readonly requestBytes: number;
}

/**
 * Encodes a message, having checked what Pub/Sub would refuse: one refused message would take all
 * others of its request with it.
 *
 * @throws EventTooLarge when it has more than MAX_MESSAGE_BYTES
 * @throws InvalidRequest when its attributes or its ordering key break Pub/Sub's rules
 */
export function encodeMessage(message: BusMessage): EncodedMessage {
  // Each part is read once: some messages make their parts when they are read.
  const { data, attributes, orderingKey } = message;
  const names = Object.keys(attributes);
  checkAttributes(names, attributes);
  const bytes = messageBytes({ data, attributes, orderingKey });
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new EventTooLarge(
      `A message of ${bytes} bytes is larger than the ${MAX_MESSAGE_BYTES} that Pub/Sub carries. Send less data in one event.`,
    );
  }
  if (Buffer.byteLength(orderingKey) > MAX_ORDERING_KEY_BYTES) {
    throw new InvalidRequest(
      `The ordering key has more than the ${MAX_ORDERING_KEY_BYTES} bytes that Pub/Sub takes.`,
    );
  }
  if (data === '' && names.length === 0) {
    throw new InvalidRequest('Pub/Sub takes no message without data and attributes.');
  }
  return {
    wire: { data: Buffer.from(data), attributes, orderingKey },
    requestBytes: bytes + names.length * BYTES_AROUND_ATTRIBUTE + BYTES_AROUND_MESSAGE,
  };
}

function checkAttributes(names: readonly string[], attributes: Readonly<Record<string, string>>) {
  if (names.length > MAX_ATTRIBUTES) {
    throw new InvalidRequest(
      `The message has ${names.length} attributes, and Pub/Sub takes ${MAX_ATTRIBUTES}.`,
    );
  }
  for (const name of names) {
    const fault = attributeFault(name, attributes[name]);
    if (fault) throw new InvalidRequest(`The attribute "${name.slice(0, 60)}" ${fault}.`);
  }
}

function attributeFault(name: string, value: unknown): string | undefined {
  if (name === '') return 'has no name';
  if (name.startsWith('goog')) return 'begins with "goog", which Google keeps to itself';
  if (Buffer.byteLength(name) > MAX_ATTRIBUTE_NAME_BYTES) {
    return `has a name of more than ${MAX_ATTRIBUTE_NAME_BYTES} bytes`;
  }
  if (typeof value !== 'string') return 'has a value that is not a string';
  if (Buffer.byteLength(value) > MAX_ATTRIBUTE_VALUE_BYTES) {
    return `has a value of more than ${MAX_ATTRIBUTE_VALUE_BYTES} bytes`;
  }
  return undefined;
}
