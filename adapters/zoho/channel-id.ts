import { createHash } from 'node:crypto';

/** Of a signed long, which Zoho calls the id of a channel. */
const BITS = 63n;

/**
 * The id of the channel that a connection has for a resource: always the same, so that a channel whose
 * registration was cut short is found again, and no table has to be asked which one is ours.
 *
 * @returns a positive integer of at most 63 bits, as decimal text
 */
export function channelId(connectionId: string, resource: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([connectionId, resource]))
    .digest();
  const id = BigInt.asUintN(Number(BITS), digest.readBigUInt64BE());
  return String(id === 0n ? 1n : id);
}
