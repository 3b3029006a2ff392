import { defineHmac } from '#adapters/kit/verification/define.ts';
import type { Scheme } from '#adapters/kit/verification/scheme.ts';
import type { ZenotiSettings } from './settings.ts';

/**
 * Zenoti's signature: HMAC-SHA256 over the raw body, as upper-case hex pairs joined by dashes behind
 * `sha256 =`, with the space. Zenoti's "Structure of event responses" says only that a header holds
 * a signature; name and form were seen in traffic. The test button of its webhook page sends an
 * empty body without one.
 */
export function signatureScheme(
  settings: Pick<ZenotiSettings, 'signature_header' | 'secret_encoding'>,
): Scheme {
  return defineHmac({
    signature: {
      from: 'header',
      name: settings.signature_header,
      parse: 'prefix',
      prefix: 'sha256 =',
      encoding: 'hex-dashed',
    },
    secret: { encoding: settings.secret_encoding, prefix: '' },
    unsignedPing: 'ack-and-drop',
  });
}
