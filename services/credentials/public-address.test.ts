import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { InvalidSettings } from '#schemas/problems.ts';
import { checkUrl, isPublicAddress, publicLookup } from './public-address.ts';

const addresses: readonly { address: string; isPublic: boolean }[] = [
  { address: '203.0.114.7', isPublic: true },
  { address: '8.8.8.8', isPublic: true },
  { address: '2606:4700::1111', isPublic: true },
  { address: '127.0.0.1', isPublic: false },
  { address: '127.255.255.254', isPublic: false },
  { address: '0.0.0.0', isPublic: false },
  { address: '10.1.2.3', isPublic: false },
  { address: '172.16.0.1', isPublic: false },
  { address: '192.168.1.1', isPublic: false },
  { address: '169.254.169.254', isPublic: false },
  { address: '100.64.0.1', isPublic: false },
  { address: '192.0.2.1', isPublic: false },
  { address: '224.0.0.1', isPublic: false },
  { address: '255.255.255.255', isPublic: false },
  { address: '::', isPublic: false },
  { address: '::1', isPublic: false },
  { address: '::ffff:10.0.0.1', isPublic: false },
  { address: '::ffff:8.8.8.8', isPublic: true },
  { address: '::7f00:1', isPublic: false },
  { address: 'fe80::1', isPublic: false },
  { address: 'fe80::1%eth0', isPublic: false },
  { address: 'fd00::1', isPublic: false },
  { address: '64:ff9b::a00:1', isPublic: false },
  { address: '2002:a00:1::', isPublic: false },
  { address: '2001:db8::1', isPublic: false },
  { address: 'ff02::1', isPublic: false },
  { address: '4000::1', isPublic: false },
  { address: 'example.com', isPublic: false },
  { address: '010.0.0.1', isPublic: false },
];

describe('addresses of the internet', () => {
  it.each(addresses)('$address → $isPublic', ({ address, isPublic }) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });
});

const urls: readonly { url: string; cloud: boolean; embedded: boolean }[] = [
  { url: 'https://api.example.com/v1', cloud: true, embedded: true },
  { url: 'http://api.example.com/v1', cloud: false, embedded: false },
  { url: 'http://127.0.0.1:8080', cloud: false, embedded: true },
  { url: 'http://localhost:8080', cloud: false, embedded: true },
  { url: 'http://[::1]:8080', cloud: false, embedded: true },
  { url: 'https://localhost', cloud: false, embedded: true },
  { url: 'https://0x7f.1/', cloud: false, embedded: true },
  { url: 'https://169.254.169.254/', cloud: false, embedded: false },
  { url: 'https://[fd00::1]/', cloud: false, embedded: false },
  { url: 'http://10.0.0.1/', cloud: false, embedded: false },
  { url: 'https://user:word@api.example.com/', cloud: false, embedded: false },
  { url: 'ftp://api.example.com/', cloud: false, embedded: false },
];

describe('addresses of an API', () => {
  it.each(urls)('$url → cloud $cloud, embedded $embedded', ({ url, cloud, embedded }) => {
    for (const [allowLoopback, allowed] of [
      [false, cloud],
      [true, embedded],
    ] as const) {
      const check = () => checkUrl(new URL(url), { allowLoopback });
      if (allowed) expect(check).not.toThrow();
      else expect(check).toThrow(InvalidSettings);
    }
  });
});

describe('what the name service answers', () => {
  const answers: readonly { name: string; given: string[]; loopback?: true; refused: boolean }[] = [
    { name: 'a public address', given: ['8.8.8.8'], refused: false },
    { name: 'a private one', given: ['10.0.0.1'], refused: true },
    { name: 'a private one among public ones', given: ['8.8.8.8', '10.0.0.1'], refused: true },
    { name: 'this machine', given: ['127.0.0.1'], refused: true },
    { name: 'this machine, where it may be', given: ['127.0.0.1'], loopback: true, refused: false },
    {
      name: 'the metadata server, on a laptop',
      given: ['169.254.169.254'],
      loopback: true,
      refused: true,
    },
  ];
  const family = (address: string) => isIP(address);
  it.each(answers)('$name → refused: $refused', async ({ given, loopback = false, refused }) => {
    const lookup = publicLookup({ allowLoopback: loopback }, (_hostname, answer) =>
      answer(
        null,
        given.map((address) => ({ address, family: family(address) })),
      ),
    );
    const ask = (all: boolean) =>
      new Promise<string | LookupAddress[]>((resolve, reject) => {
        lookup('api.example.com', { all }, (error, address) =>
          error ? reject(error) : resolve(address),
        );
      });
    if (refused) {
      for (const all of [true, false]) await expect(ask(all)).rejects.toThrow(InvalidSettings);
      return;
    }
    expect(await ask(true)).toEqual([{ address: given[0], family: 4 }]);
    expect(await ask(false)).toBe(given[0]);
  });
});
