import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { invalidDefinition } from '#adapters/kit/faults.ts';
import { escapeToken, parsePointer } from '#adapters/kit/json-pointer.ts';
import { type Definition, definitionSchema } from './definition-schema.ts';

/** Settings of a custom connection: the definition as written; `bind` checks and compiles it. */
export const settingsSchema = z.strictObject({
  definition: z
    .record(z.string(), z.unknown())
    .describe('The definition of the adapter, as docs/providers/custom.md describes it.'),
});

export type CustomSettings = z.infer<typeof settingsSchema>;

/** Largest definition, in characters of JSON. */
const MAX_DEFINITION_LENGTH = 256 * 1024;

/** What readers of other tools expect and this one does not do, with the reason. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  mtls: 'mutual TLS is not offered: TLS ends before this server, which never sees a client certificate. Use hmac or public-key.',
  network: 'address lists are not offered: an adapter is not told the address of the sender.',
  ipAllow: 'address lists are not offered: an adapter is not told the address of the sender.',
  challenge: 'handshakes are not offered yet.',
  polling: 'polling is not offered yet.',
};

const FORMATS: Readonly<Record<string, { test: (text: string) => boolean; expects: string }>> = {
  'own-json-pointer': {
    test: (text) => parsePointer(text) !== undefined,
    expects: 'a JSON Pointer such as /data/id (RFC 6901) that names no prototype',
  },
  'header-name': {
    test: (text) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(text),
    expects: 'the name of a header',
  },
  'uri-base': {
    test: (text) => text === 'configured' || /^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(text),
    expects: '"configured" or an origin such as https://hooks.example.com, without a path',
  },
  'basic-username': {
    test: (text) => text !== '' && !text.includes(':'),
    expects: 'a user name without a colon',
  },
};

let compiled: ValidateFunction<Definition> | undefined;

/** Compiled when it is first needed: it takes some 80 ms, which no start should cost. */
function validator(): ValidateFunction<Definition> {
  compiled ??= new Ajv2020({
    allErrors: true,
    useDefaults: true,
    discriminator: true,
    allowUnionTypes: true,
    // Formats beside types are checked by hand-written tests only, none of which can backtrack.
    formats: Object.fromEntries(Object.entries(FORMATS).map(([name, { test }]) => [name, test])),
  }).compile<Definition>(definitionSchema);
  return compiled;
}

/**
 * Checks the shape of a definition and fills in its defaults. The input is left as it is.
 *
 * @throws InvalidSettings with a JSON Pointer per fault
 */
export function parseDefinition(written: unknown): Definition {
  const definition = copyJson(written);
  const validate = validator();
  if (validate(definition)) return definition;
  throw invalidDefinition((validate.errors ?? []).map(toFault));
}

function copyJson(written: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(written);
  } catch {
    throw invalidDefinition([{ pointer: '/definition', message: 'is nested too deep' }]);
  }
  if (text === undefined || text.length > MAX_DEFINITION_LENGTH) {
    const message = `must be a JSON object of at most ${MAX_DEFINITION_LENGTH} characters`;
    throw invalidDefinition([{ pointer: '/definition', message }]);
  }
  return JSON.parse(text);
}

function toFault(error: ErrorObject) {
  const at = `/definition${error.instancePath}`;
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      return {
        pointer: `${at}/${escapeToken(name)}`,
        message: NOT_OFFERED[name] ?? 'is not a known field',
      };
    }
    case 'discriminator': {
      const value = String(params.tagValue);
      return {
        pointer: `${at}/${params.tag}`,
        message:
          NOT_OFFERED[value] ??
          'must be one of hmac, digest, public-key, static-token, basic, jwt, none',
      };
    }
    case 'enum':
    case 'const':
      return {
        pointer: at,
        message: `must be one of ${JSON.stringify(params.allowedValues ?? params.allowedValue)}`,
      };
    case 'format':
      return { pointer: at, message: `must be ${FORMATS[params.format]?.expects ?? 'valid'}` };
    case 'pattern':
      return { pointer: at, message: 'must be "entity.verb" in lower case, for example deal.won' };
    default:
      return { pointer: at, message: error.message ?? 'is not valid' };
  }
}
