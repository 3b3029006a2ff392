import { crc32c } from '@aws-crypto/crc32c';

/** As Google's proto has it; int64 comes as text. */
export interface Payload {
  readonly data?: Uint8Array | string | null;
  readonly dataCrc32c?: unknown;
}

/**
 * Stands for the empty text, as Secret Manager takes no empty payload. No UTF-8 text holds this byte,
 * so that it cannot be mistaken for a value.
 */
const EMPTY = Buffer.from([0xff]);

/**
 * A value as it is sent. `dataCrc32c` is Castagnoli's CRC-32 (Google's proto), which is not the one
 * of zlib: Secret Manager refuses a payload that does not match.
 */
export function encodePayload(value: string): { data: Buffer; dataCrc32c: number } {
  const data = value === '' ? EMPTY : Buffer.from(value);
  return { data, dataCrc32c: crc32c(data) };
}

/** Why a payload gives no value. */
export type PayloadFault = 'checksum' | 'encoding';

/** @returns the value, or what is wrong with the payload: never a part of it */
export function decodePayload(
  payload: Payload | null | undefined,
): { readonly value: string } | { readonly fault: PayloadFault } {
  const data = Buffer.from(payload?.data ?? '');
  if (String(payload?.dataCrc32c) !== String(crc32c(data))) return { fault: 'checksum' };
  if (data.equals(EMPTY)) return { value: '' };
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    return { fault: 'encoding' };
  }
}
