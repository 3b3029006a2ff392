import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { InvalidSettings } from '#schemas/problems.ts';

/**
 * Which addresses the server calls for a tenant. Settings and providers name hosts, so that without a rule
 * a tenant could have it call what only the inner network reaches.
 */
export interface AddressRule {
  /** Lets this machine be called, and without TLS: for sandboxes beside an embedded server. */
  readonly allowLoopback: boolean;
}

/** What asks the name service: Node's `dns.lookup` for all addresses. */
export type Resolve = (
  hostname: string,
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemResolve: Resolve = (hostname, answer) =>
  lookup(hostname, { all: true, verbatim: true }, answer);

/** IPv6 addresses that are given out for the internet: RFC 4291, 2.4. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** True for an address that the internet routes; not for private, local, reserved or translated ones. */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0) return false;
  const address = ipaddr.process(text.replace(/%.*$/s, ''));
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST);
}

export function isLoopbackAddress(text: string): boolean {
  return isIP(text) !== 0 && ipaddr.process(text.replace(/%.*$/s, '')).range() === 'loopback';
}

/** @throws InvalidSettings unless it is https, or http to this machine where that is allowed */
export function checkUrl(url: URL, { allowLoopback }: AddressRule): void {
  const host = bareHost(url);
  const isLocal = host === 'localhost' || isLoopbackAddress(host);
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);
  if (!isAllowed || url.username !== '' || url.password !== '') {
    throw new InvalidSettings(
      `The provider's API must be called by https. The address of this connection begins with ${url.protocol}//${url.host}.`,
    );
  }
  if (isIP(host) !== 0) checkAddress(host, host, { allowLoopback });
  if (isLocal && !allowLoopback) throw notPublic(host);
}

/** A `lookup` for sockets that gives no address which may not be called: the one checked is the one used. */
export function publicLookup(rule: AddressRule, resolve: Resolve = systemResolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        for (const { address } of addresses) checkAddress(hostname, address, rule);
      } catch (refusal) {
        return callback(refusal as Error, []);
      }
      const [first] = addresses;
      if (options.all || !first) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function checkAddress(host: string, address: string, { allowLoopback }: AddressRule): void {
  if (isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address))) return;
  throw notPublic(host);
}

function notPublic(host: string): InvalidSettings {
  return new InvalidSettings(
    `${host} is not an address of the internet, so it is not called. Correct the settings of the connection, or authenticate it again.`,
  );
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
