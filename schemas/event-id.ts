import { hash } from 'node:crypto';

/** Namespace of all event ids (RFC 9562, version 5). Changing it changes every id: never do. */
export const EVENT_NAMESPACE = '6f1c1d5e-6a0b-5c86-9d5b-8a7f0a3f5e21';

const NAMESPACE_BYTES = Buffer.from(EVENT_NAMESPACE.replaceAll('-', ''), 'hex');
/** Longest name, in characters, that is hashed without allocating. */
const SCRATCH_CHARS = 1_000;
/** The namespace, then room for a name; written and hashed within one call. */
const scratch = Buffer.concat([NAMESPACE_BYTES, Buffer.alloc(SCRATCH_CHARS * 3)]);

/**
 * The deterministic id of a change: UUIDv5 of tenant, connection and the adapter's dedupe key. A
 * provider's retry, an overlapping poll, a crash and a reconciliation all make the same id.
 *
 * @param dedupeKey what makes the change unique within its connection
 * @returns lower-case UUID text
 */
export function eventId(tenantId: string, connectionId: string, dedupeKey: string): string {
  // Lengths first: no choice of parts can make another triple spell the same name.
  const name = `${tenantId.length}:${tenantId}${connectionId.length}:${connectionId}${dedupeKey}`;
  return uuidV5(name);
}

/** UUIDv5 of a UTF-8 name in the event namespace. */
export function uuidV5(name: string): string {
  const digest = hash('sha1', namespaced(name), 'hex');
  const variant = VARIANT[Number.parseInt(digest.charAt(16), 16) & 3];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

function namespaced(name: string): Buffer {
  if (name.length > SCRATCH_CHARS) return Buffer.concat([NAMESPACE_BYTES, Buffer.from(name)]);
  const length = scratch.write(name, NAMESPACE_BYTES.length);
  return scratch.subarray(0, NAMESPACE_BYTES.length + length);
}

const VARIANT = ['8', '9', 'a', 'b'];
