import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import { CREDENTIAL_KINDS, type CredentialKind } from '#adapters/kit/provider-api.ts';
import type { Fault } from '#schemas/problem.ts';
import { InvalidRequest } from '#schemas/problems.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * The fields of a credential that are its own, such as the API key, parsed. Fields that are settings of
 * the connection may be left out; given, they must say what the settings say.
 *
 * @param given what was asked for by `adapter.credentials[kind]`
 * @param settings of the connection, as `checkSettings` gives them
 * @throws InvalidRequest when the provider has no such kind, or with a pointer to each fault; never with
 *   a value
 */
export function checkCredential(
  { credentials = {}, settingsSchema, title }: Adapter,
  kind: CredentialKind,
  given: Values,
  settings: Values,
): Values {
  const schema = credentials[kind];
  if (schema === undefined) {
    const kinds = CREDENTIAL_KINDS.filter((one) => credentials[one] !== undefined);
    const others = kinds.length > 0 ? ` Choose one of: ${kinds.join(', ')}.` : '';
    throw new InvalidRequest(`${title} takes no credential of the kind ${kind}.${others}`);
  }
  const names = Object.keys(schema.shape);
  const shared = names.filter((name) => isSetting(settingsSchema, name));
  const known = Object.fromEntries(
    shared.filter((name) => Object.hasOwn(settings, name)).map((name) => [name, settings[name]]),
  );
  const parsed = schema.safeParse({ ...known, ...given });
  if (!parsed.success) throw notFitting(title, parsed.error.issues.map(faultOf));
  const other = shared.filter(
    (name) => Object.hasOwn(given, name) && !isDeepStrictEqual(parsed.data[name], settings[name]),
  );
  if (other.length > 0) {
    const message = 'This is a setting of the connection, which says otherwise. Change it there.';
    throw notFitting(
      title,
      other.map((name) => ({ pointer: `/${escapeToken(name)}`, message })),
    );
  }
  return Object.fromEntries(
    names
      .filter((name) => !shared.includes(name) && Object.hasOwn(parsed.data, name))
      .map((name) => [name, parsed.data[name]]),
  );
}

function isSetting(settingsSchema: z.ZodType, name: string): boolean {
  return settingsSchema instanceof z.ZodObject && Object.hasOwn(settingsSchema.shape, name);
}

function faultOf({ path, message }: z.core.$ZodIssue): Fault {
  return { pointer: path.map((part) => `/${escapeToken(String(part))}`).join(''), message };
}

function notFitting(title: string, faults: readonly Fault[]): InvalidRequest {
  return new InvalidRequest(`The credential does not fit ${title}; see errors.`, { faults });
}
