import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { invalidDefinition } from '#adapters/kit/faults.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import { type Definition, definitionSchema } from './definition-schema.ts';
import { FORMATS } from './formats.ts';
import { notOffered } from './not-offered.ts';

/** Largest definition, in characters of JSON. */
const MAX_DEFINITION_LENGTH = 256 * 1024;

/** The words each discriminator knows. */
const KINDS: Readonly<Record<string, string>> = {
  scheme: 'hmac, digest, public-key, static-token, basic, jwt, none',
  kind: 'echo, hmac, fixed',
  name: 'trim, lower, string, decimal, boolean, datetime, enum-map, default, concat, coalesce',
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
        message: notOffered(name) ?? 'is not a known field',
      };
    }
    case 'discriminator': {
      const tag = String(params.tag);
      const message = notOffered(String(params.tagValue)) ?? `must be one of ${KINDS[tag]}`;
      return { pointer: `${at}/${tag}`, message };
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
