import type { SignatureDefinition } from '#adapters/kit/verification/definitions.ts';
import {
  decodeSignature,
  MAX_SIGNATURE_LENGTH,
  type SignatureEncoding,
} from '#adapters/kit/verification/signature.ts';
import {
  afterPrefix,
  MAX_SIGNATURES,
  valuesOfKey,
} from '#adapters/kit/verification/signature-value.ts';
import type { Look } from './explanation.ts';

const ENCODINGS: readonly SignatureEncoding[] = ['hex', 'base64', 'base64url', 'hex-dashed'];

/** Why no signature can be read out of a header or parameter. @param text as sent */
export function explainMalformed(
  definition: SignatureDefinition,
  text: string,
  show: Look['show'],
): string {
  if (text.length > MAX_SIGNATURE_LENGTH) {
    return `The signature is longer than ${MAX_SIGNATURE_LENGTH} characters.`;
  }
  const { parse, key = '', separator, prefix = '' } = definition;
  switch (parse) {
    case 'raw':
      return explainEncoding(definition, [text]);
    case 'prefix': {
      const rest = afterPrefix(text, prefix);
      if (rest !== undefined) return explainEncoding(definition, [rest]);
      return `The value does not begin with ${show(prefix)}, as signature.prefix demands.`;
    }
    case 'kv-list': {
      const values = valuesOfKey(text, separator, key);
      if (values.length > 0) return explainEncoding(definition, values);
      const keys = text.split(separator).map((entry) => entry.trim().split('=')[0] ?? '');
      return `The list has no ${key}=…; between ${JSON.stringify(separator)} its keys are ${keys.map(show).join(', ')}.`;
    }
    case 'space-list': {
      const versions = text.split(' ').map((entry) => entry.split(',')[0] ?? '');
      const values = text.split(' ').filter((entry) => entry.startsWith(`${key},`));
      if (values.length > 0) {
        return explainEncoding(
          definition,
          values.map((entry) => entry.slice(key.length + 1)),
        );
      }
      return `The list has no ${key},…; its versions are ${versions.map(show).join(', ')}.`;
    }
  }
}

function explainEncoding(
  { encoding, multipleSignatures }: SignatureDefinition,
  values: readonly string[],
): string {
  if (values.length > MAX_SIGNATURES) {
    return `There are ${values.length} signatures, and at most ${MAX_SIGNATURES} are read.`;
  }
  if (values.length > 1 && multipleSignatures === 'refuse') {
    return `There are ${values.length} signatures, and multipleSignatures is refuse.`;
  }
  const [first = ''] = values;
  const other = ENCODINGS.find((one) => decodeSignature(first, one) !== undefined);
  const advice = other === undefined ? '' : ` It could be ${other}.`;
  return `The ${first.length} characters of the signature are not ${encoding}.${advice}`;
}
