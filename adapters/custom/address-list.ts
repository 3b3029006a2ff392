import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Report } from '#adapters/kit/faults.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Range {
  readonly address: Address;
  /** Leading bits that count. */
  readonly bits: number;
}

/** Whether a sender may send. One whose address is unknown, or is no address, may not. */
export type AddressList = (remoteAddress: string | undefined) => boolean;

/**
 * Compiles `network.ipAllow`. Addresses are parsed and compared bit by bit, never as text; an IPv4
 * address that is written as an IPv6 one (`::ffff:203.0.113.7`) counts as the IPv4 address it is.
 */
export function compileAddressList(
  ipAllow: readonly string[] | undefined,
  report: Report,
): AddressList {
  if (ipAllow === undefined) return () => true;
  const ranges = ipAllow.map((text, index) => {
    const range = parseRange(text);
    if (typeof range !== 'string') return range;
    report(`/definition/network/ipAllow/${index}`, range);
    return undefined;
  });
  return (remoteAddress) => {
    const address = parseAddress(remoteAddress ?? '');
    if (address === undefined) return false;
    return ranges.some((range) => range !== undefined && holds(range, address));
  };
}

/** @returns the range, or the text of what is wrong */
function parseRange(text: string): Range | string {
  const [written = '', prefix, ...rest] = text.split('/');
  const whole = written.includes('%') ? undefined : parseStrictly(written);
  const length = whole === undefined ? 0 : bitsOf(whole);
  const bits = prefix === undefined ? length : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (whole === undefined || rest.length > 0 || bits < 0 || bits > length) {
    return 'must be an address or a range such as 203.0.113.0/24 or 2001:db8::/32';
  }
  if (bits === 0) return 'allows every address; leave network out to allow all';
  const network = networkOf(whole, bits);
  if (network !== whole.toString()) {
    return `has bits beyond its prefix; write ${network}/${bits}`;
  }
  const mapped = asIpv4(whole);
  if (mapped === undefined) return { address: whole, bits };
  // Of a mapped range the first 96 bits say no more than that it is one.
  return bits > MAPPED_BITS
    ? { address: mapped, bits: bits - MAPPED_BITS }
    : 'allows every IPv4 address; name the ranges of the provider';
}

const MAPPED_BITS = 96;

function bitsOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function networkOf(address: Address, bits: number): string {
  const range = `${address}/${bits}`;
  return address.kind() === 'ipv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(range).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(range).toString();
}

/** The address; one that is IPv4 in IPv6 spelling as IPv4. Zones of link-local ones do not count. */
function parseAddress(text: string): Address | undefined {
  const address = parseStrictly(text);
  return address === undefined ? undefined : (asIpv4(address) ?? address);
}

/**
 * `isIP` knows no octal digits and no shorter forms, which the package takes. It reads the old
 * `::203.0.113.7`, an address of its own, as the IPv4 address, and throws on zones such as `br-0`.
 */
function parseStrictly(text: string): Address | undefined {
  if (isIP(text) === 0 || /^::\d+\./.test(text)) return undefined;
  return ipaddr.parse(text.replace(/%.*$/s, ''));
}

function asIpv4(address: Address): ipaddr.IPv4 | undefined {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? address.toIPv4Address()
    : undefined;
}

function holds({ address, bits }: Range, sender: Address): boolean {
  // Addresses of two kinds cannot be compared.
  return address.kind() === sender.kind() && sender.match(address, bits);
}
