import ipaddr from 'ipaddr.js';
import { z } from 'zod';

export interface ApiUrlRules {
  /** Whether this machine itself may be called: where the server runs for one person, on a laptop. */
  readonly allowLoopback: boolean;
}

/** Names that are resolved inside a network: to machines of its own, or to a cloud's metadata. */
const INTERNAL_NAME = /(?:^|\.)(?:internal|local|localdomain|lan|intranet|home\.arpa)$/;
const LOOPBACK_NAME = /(?:^|\.)localhost$/;
const MAX_LENGTH = 2_048;

/**
 * Whether the server may send requests to a URL that a tenant wrote: https to a public host, or
 * http too to loopback where that is allowed. A URL with a user name, a query or a fragment is none.
 * It reads the URL alone: a public name may still lead to a private address, so whoever connects
 * checks the address it was resolved to.
 */
export function isAllowedApiUrl(url: string, { allowLoopback }: ApiUrlRules): boolean {
  const parsed = URL.parse(url);
  if (parsed === null || /[?#]/.test(url)) return false;
  const { protocol, username, password } = parsed;
  if (username !== '' || password !== '') return false;
  const place = placeOf(hostOf(parsed));
  if (place === 'loopback') return allowLoopback && /^https?:$/.test(protocol);
  return place === 'public' && protocol === 'https:';
}

/**
 * The schema of a base URL: https, or http on loopback, without a slash at the end.
 *
 * @param domains when given, the host is one of these or below it, or loopback. For addresses that are
 *   sent secrets of the installation, which a tenant must not be able to have sent to itself
 */
export function apiUrl(domains?: readonly string[]) {
  return z
    .url({ protocol: /^https?$/, abort: true })
    .max(MAX_LENGTH)
    .refine((url) => isAllowedApiUrl(url, { allowLoopback: true }), {
      message:
        'Give a URL of https without user name, query or fragment, whose host is public. http is for loopback alone.',
      abort: true,
    })
    .refine((url) => domains === undefined || isWithin(url, domains), {
      message: `The host must be ${domains?.join(' or ')}, or end in .${domains?.join(' or .')}.`,
    })
    .overwrite((url) => url.replace(/\/+$/, ''));
}

function isWithin(url: string, domains: readonly string[]): boolean {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  const host = hostOf(parsed);
  return (
    placeOf(host) === 'loopback' ||
    domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
  );
}

/** As it is compared: IPv6 without brackets, a name without the dot that may end it. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function placeOf(host: string): 'public' | 'loopback' | 'private' {
  // Other spellings of addresses, such as octal digits, the URL parser has made the usual one.
  if (ipaddr.isValid(host)) {
    const address = ipaddr.process(host);
    const range = address.range();
    if (range === 'loopback') return 'loopback';
    return range === 'unicast' && isGlobal(address) ? 'public' : 'private';
  }
  if (LOOPBACK_NAME.test(host)) return 'loopback';
  return host.includes('.') && !INTERNAL_NAME.test(host) ? 'public' : 'private';
}

/** Of IPv6 only 2000::/3 is given out; the package calls unicast whatever it has no name for. */
function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || address.match(GLOBAL);
}

const GLOBAL = ipaddr.parseCIDR('2000::/3');
