import type { HashDefinition, StaticTokenDefinition } from './definitions.ts';
import { hashScheme } from './hash.ts';
import type { Scheme } from './scheme.ts';
import { staticTokenScheme } from './token.ts';

type HmacDefinition = Extract<HashDefinition, { readonly scheme: 'hmac' }>;
type SignatureDefinition = HmacDefinition['signature'];
type TimestampDefinition = NonNullable<HmacDefinition['timestamp']>;

/** What an HMAC scheme of an adapter in code has to say; the rest is as in a custom definition. */
export interface HmacOptions
  extends Partial<Omit<HmacDefinition, 'scheme' | 'signature' | 'timestamp'>> {
  readonly signature: Pick<SignatureDefinition, 'from' | 'name'> & Partial<SignatureDefinition>;
  readonly timestamp?: Pick<TimestampDefinition, 'from' | 'name' | 'unit'> &
    Partial<TimestampDefinition>;
}

/**
 * An HMAC scheme for an adapter written in code, with the defaults a custom definition has: SHA-256,
 * hexadecimal, over the raw body, five minutes of tolerance where there is a timestamp.
 */
export function defineHmac({ signature, timestamp, ...options }: HmacOptions): Scheme {
  return hashScheme({
    scheme: 'hmac',
    algorithm: 'sha256',
    legacy: false,
    secret: { encoding: 'utf8', prefix: '' },
    uri: { base: 'configured', decode: 'none' },
    bodyUnsigned: false,
    unsignedPing: 'reject',
    content: '{body}',
    ...options,
    signature: {
      alternateNames: [],
      parse: 'raw',
      separator: ',',
      encoding: 'hex',
      multipleSignatures: 'any',
      ...signature,
    },
    ...(timestamp && {
      timestamp: { separator: ',', toleranceSeconds: 300, futureSkewSeconds: 60, ...timestamp },
    }),
  });
}

/** A secret that the sender states as it is, in a header or a parameter. */
export function defineToken(token: StaticTokenDefinition['token']): Scheme {
  return staticTokenScheme({ scheme: 'static-token', token });
}
