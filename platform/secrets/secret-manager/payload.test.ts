import { crc32 } from 'node:zlib';
import { crc32c } from '@aws-crypto/crc32c';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePayload, encodePayload } from './payload.ts';

// The check value is that of the CRC catalogue, the others are in RFC 3720, appendix B.4.
const VECTORS = [
  { name: 'the digits 1 to 9', data: Buffer.from('123456789'), crc: 0xe3069283 },
  { name: '32 bytes of zeros', data: Buffer.alloc(32), crc: 0x8a9136aa },
  { name: '32 bytes of ones', data: Buffer.alloc(32, 0xff), crc: 0x62a8ab43 },
  {
    name: '32 bytes counting up',
    data: Buffer.from(Array.from({ length: 32 }, (_, index) => index)),
    crc: 0x46dd794e,
  },
];

describe('checksum of a payload', () => {
  it.each(VECTORS)('of $name is Castagnoli’s, not that of zlib', ({ data, crc }) => {
    expect(crc32c(data)).toBe(crc);
    expect(crc32(data)).not.toBe(crc);
  });

  it('is sent as an unsigned number', () => {
    expect(encodePayload('123456789').dataCrc32c).toBe(0xe3069283);
  });
});

describe('payload', () => {
  it('gives back every value, and is never empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const sent = encodePayload(value);
        expect(sent.data.length).toBeGreaterThan(0);
        const answered = { data: sent.data, dataCrc32c: String(sent.dataCrc32c) };
        expect(decodePayload(answered)).toEqual({ value });
      }),
    );
  });

  it.each(['', '\ufeff', 'ÿ', '\u0000'])('keeps %j apart from its neighbours', (value) => {
    expect(decodePayload(encodePayload(value))).toEqual({ value });
  });

  const { data, dataCrc32c } = encodePayload('very private');
  it.each([
    { name: 'of another payload', payload: { data, dataCrc32c: dataCrc32c + 1 } },
    { name: "that is zlib's", payload: { data, dataCrc32c: crc32(data) } },
    { name: 'that is missing', payload: { data } },
    { name: 'of nothing', payload: undefined },
  ])('is refused with a checksum $name', ({ payload }) => {
    expect(decodePayload(payload)).toEqual({ fault: 'checksum' });
  });

  it('is refused when it is not UTF-8', () => {
    const bytes = Buffer.from([0xff, 0xfe]);
    expect(decodePayload({ data: bytes, dataCrc32c: crc32c(bytes) })).toEqual({
      fault: 'encoding',
    });
  });
});
