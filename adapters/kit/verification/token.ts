import type { Verdict } from '../adapter.ts';
import type { BasicDefinition, StaticTokenDefinition } from './definitions.ts';
import { placeValue } from './place-value.ts';
import { readPlace } from './request-reader.ts';
import type { Scheme } from './scheme.ts';
import { MAX_SIGNATURE_LENGTH, refused, sameText, VERIFIED } from './signature.ts';
import { afterPrefix } from './signature-value.ts';

/** What schemes that send a secret itself have in common: they vouch for all of the request. */
const BEARER = { signsContent: false, acceptsPing: false, covers: () => true } as const;

/** `static-token`: the secret itself stands in a header or parameter. */
export function staticTokenScheme({ token }: StaticTokenDefinition): Scheme {
  return {
    ...BEARER,
    name: 'static-token',
    verify(reader, secrets) {
      const text = readPlace(reader, token.from, token.name);
      if (text === undefined) return refused('signature_missing');
      if (text.length > MAX_SIGNATURE_LENGTH) return refused('signature_malformed');
      const sent = token.prefix === undefined ? text : afterPrefix(text, token.prefix);
      if (sent === undefined || sent === '') return refused('signature_malformed');
      return oneOf(sent, secrets);
    },
    sign: (draft, secret) =>
      placeValue(draft, token.from, token.name, `${token.prefix ?? ''}${secret}`),
  };
}

/** `basic`: RFC 7617 with the user name of the definition and the secret as password. */
export function basicScheme({ username }: BasicDefinition): Scheme {
  return {
    ...BEARER,
    name: 'basic',
    verify(reader, secrets) {
      const header = reader.header('authorization');
      if (header === undefined) return refused('signature_missing');
      if (header.length > MAX_SIGNATURE_LENGTH) return refused('signature_malformed');
      const credentials = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
      if (credentials === undefined) return refused('signature_malformed');
      const sent = Buffer.from(credentials, 'base64').toString('utf8');
      return oneOf(
        sent,
        secrets.map((secret) => (secret === '' ? '' : `${username}:${secret}`)),
      );
    },
    sign(draft, secret) {
      const credentials = Buffer.from(`${username}:${secret}`).toString('base64');
      return placeValue(draft, 'header', 'authorization', `Basic ${credentials}`);
    },
  };
}

function oneOf(sent: string, expected: readonly string[]): Verdict {
  const usable = expected.filter((text) => text !== '');
  if (usable.length === 0) return refused('secret_missing');
  return usable.some((text) => sameText(sent, text)) ? VERIFIED : refused('signature_mismatch');
}
