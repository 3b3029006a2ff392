const ADDRESSES =
  'belongs to the top of the definition, beside verification: it holds for every request';
const POLLING = 'is not offered: an adapter makes no calls of its own. Have the provider send it';

/** What readers of other tools expect and this one does not do, or does elsewhere. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  mtls: 'mutual TLS is not offered: TLS ends before this server, which never sees a client certificate. Use hmac or public-key.',
  network: ADDRESSES,
  ipAllow: 'belongs inside network at the top of the definition',
  challenge: 'belongs to the top of the definition, beside verification',
  fields: 'belongs inside extract',
  polling: POLLING,
  hydrate: POLLING,
  version:
    'is not offered: what is stale cannot be told from one request. Add its place to dedupeKey, so that each version is an event of its own',
};

/** Why a field or word is not known here; undefined for one that nobody expects. */
export function notOffered(name: string): string | undefined {
  return Object.hasOwn(NOT_OFFERED, name) ? NOT_OFFERED[name] : undefined;
}
