import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customAdapter } from './adapter.ts';
import { compileAddressList } from './address-list.ts';
import { loadDefinition, requestWith } from './fixtures.ts';

function compile(...ipAllow: readonly string[]) {
  const faults: string[] = [];
  const allows = compileAddressList(ipAllow, (at, message) => faults.push(`${at} ${message}`));
  return { allows, faults };
}

const cases: readonly [list: string, address: string | undefined, allowed: boolean][] = [
  ['203.0.113.0/24', '203.0.113.0', true],
  ['203.0.113.0/24', '203.0.113.255', true],
  ['203.0.113.0/24', '203.0.112.255', false],
  ['203.0.113.0/24', '203.0.114.0', false],
  ['203.0.113.128/25', '203.0.113.127', false],
  ['203.0.113.128/25', '203.0.113.128', true],
  ['198.51.100.7', '198.51.100.7', true],
  ['198.51.100.7', '198.51.100.70', false],
  ['198.51.100.7/32', '198.51.100.6', false],
  ['10.0.0.0/8', '10.255.255.255', true],
  ['128.0.0.0/1', '127.255.255.255', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:DB8:0:0:0:0:0:1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8::1', '2001:db8::1', true],
  ['2001:db8::1', '2001:db8::2', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['fe80::/10', 'fe80::1%br-0', true],
  ['fe80::/10', 'fe80::1%eth0.7', true],
  ['fe80::/10', '::%:', false],
  ['203.0.113.0/24', '::ffff:203.0.113.9', true],
  ['203.0.113.0/24', '::ffff:cb00:7109', true],
  ['203.0.113.0/24', '::ffff:203.0.114.9', false],
  ['203.0.113.0/24', '::203.0.113.9', false],
  ['::ffff:203.0.113.0/120', '203.0.113.9', true],
  ['::ffff:203.0.113.0/120', '::ffff:203.0.113.9', true],
  ['::ffff:203.0.113.0/120', '203.0.114.9', false],
  ['2000::/3', '203.0.113.9', false],
  ['203.0.113.0/24', undefined, false],
  ['203.0.113.0/24', '', false],
  ['203.0.113.0/24', 'unknown', false],
  ['203.0.113.0/24', '203.0.113.9, 192.0.2.1', false],
  ['203.0.113.0/24', '203.0.113.9:443', false],
  ['203.0.113.0/24', ' 203.0.113.9', false],
  ['10.0.0.0/8', '012.0.0.1', false],
  ['10.0.0.0/8', '0x0a.0.0.1', false],
  ['10.0.0.0/8', '167772161', false],
  ['10.0.0.0/8', '10.1', false],
];

describe('addresses', () => {
  it.each(cases)('%s and %s: %s', (list, address, allowed) => {
    const { allows, faults } = compile(list);
    expect(faults).toStrictEqual([]);
    expect(allows(address)).toBe(allowed);
  });

  it('any entry of the list will do', () => {
    const { allows } = compile('198.51.100.7', '2001:db8::/32');
    expect(['198.51.100.7', '2001:db8::5', '192.0.2.1'].map(allows)).toStrictEqual([
      true,
      true,
      false,
    ]);
  });

  it('a range holds the addresses whose leading bits are its own, and no other', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    const numberOf = (parts: readonly number[]) => parts.reduce((sum, one) => sum * 256 + one, 0);
    fc.assert(
      fc.property(octets, octets, fc.integer({ min: 1, max: 32 }), (network, sender, bits) => {
        const size = 2 ** (32 - bits);
        const start = Math.floor(numberOf(network) / size) * size;
        const first = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
        const { allows, faults } = compile(`${first.join('.')}/${bits}`);
        expect(faults).toStrictEqual([]);
        const inside = Math.floor(numberOf(sender) / size) * size === start;
        expect(allows(sender.join('.'))).toBe(inside);
      }),
    );
  });

  it('no text makes the check throw', () => {
    const { allows } = compile('203.0.113.0/24', '2001:db8::/32');
    const text = fc.oneof(
      fc.string(),
      fc.ipV4Extended(),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-f:.%/]*$/),
    );
    fc.assert(fc.property(text, (address) => typeof allows(address) === 'boolean'));
  });
});

describe('entries that are refused', () => {
  it.each([
    ['203.0.113.7/24', 'write 203.0.113.0/24'],
    ['2001:db8::1/32', 'write 2001:db8::/32'],
    ['0.0.0.0/0', 'allows every address'],
    ['::/0', 'allows every address'],
    ['::ffff:0:0/96', 'allows every IPv4 address'],
    ['203.0.113.0/33', 'must be an address'],
    ['2001:db8::/129', 'must be an address'],
    ['203.0.113.0/', 'must be an address'],
    ['203.0.113.0/8/8', 'must be an address'],
    ['203.0.113.0/+8', 'must be an address'],
    ['203.0.113', 'must be an address'],
    ['010.0.0.1', 'must be an address'],
    ['fe80::1%eth0', 'must be an address'],
    ['::203.0.113.7', 'must be an address'],
    ['203.0.113.*', 'must be an address'],
    ['hooks.example.com', 'must be an address'],
  ])('%s', (entry, words) => {
    const { faults } = compile('192.0.2.1', entry);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^\/definition\/network\/ipAllow\/1 /);
    expect(faults[0]).toContain(words);
  });
});

it('a sender on the list is verified by its signature, and by nothing less', () => {
  const bound = customAdapter.bind({ definition: loadDefinition('addresses') });
  const request = requestWith('{"type":"deal.won","id":7}', {
    // echo -n '{"type":"deal.won","id":7}' | openssl dgst -sha256 -hmac address-secret
    headers: { 'x-sig': '8c098598c076d831e817e5c6bde08dafea688f3647dd14f4855c76dc7b1aeeb9' },
    remoteAddress: '::ffff:203.0.113.9',
  });
  expect(bound.verify(request, ['address-secret'])).toStrictEqual({ verified: true });
  expect(bound.verify({ ...request, headers: {} }, ['address-secret'])).toStrictEqual({
    verified: false,
    reason: 'signature_missing',
  });
});
