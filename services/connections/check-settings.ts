import type { Adapter } from '#adapters/kit/adapter.ts';
import { type ApiUrlRules, isAllowedApiUrl } from '#adapters/kit/api-url.ts';
import { type Field, fieldsOf } from '#adapters/kit/fields.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import type { Fault } from '#schemas/problem.ts';
import { InvalidRequest, InvalidSettings } from '#schemas/problems.ts';

/** @throws InvalidRequest when there is no such provider */
export function findAdapter(adapters: ReadonlyMap<string, Adapter>, provider: string): Adapter {
  const adapter = adapters.get(provider);
  if (adapter) return adapter;
  throw new InvalidRequest(
    `There is no provider "${provider}". Choose one of: ${[...adapters.keys()].join(', ')}.`,
  );
}

/**
 * The settings of a connection with their defaults, as they are stored.
 *
 * @param rules for addresses of APIs; without them what the schema takes, public hosts and loopback
 * @throws InvalidSettings with a pointer to each fault
 */
export function checkSettings(
  adapter: Adapter,
  settings: Readonly<Record<string, unknown>>,
  rules: ApiUrlRules = { allowLoopback: true },
): Record<string, unknown> {
  const parsed = adapter.settingsSchema.safeParse(settings);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${escapeToken(String(part))}`).join(''),
      message,
    }));
    throw notFitting(adapter, faults);
  }
  const refused = fieldsOf(adapter.settingsSchema)
    .flatMap((field) => addressesIn(memberOf(parsed.data, field), field, pointerTo('', field)))
    .filter(({ url }) => !isAllowedApiUrl(url, rules));
  if (refused.length > 0) {
    const message = 'Only public hosts are called from here, by https.';
    const faults = refused.map(({ pointer }) => ({ pointer, message }));
    throw notFitting(adapter, faults);
  }
  adapter.bind(parsed.data);
  return parsed.data as Record<string, unknown>;
}

function notFitting({ title }: Adapter, faults: readonly Fault[]): InvalidSettings {
  return new InvalidSettings(`The settings do not fit ${title}; see errors.`, { faults });
}

interface Address {
  readonly pointer: string;
  readonly url: string;
}

/** The addresses in the value of a field that the server sends requests to. */
function addressesIn(value: unknown, field: Field, pointer: string): Address[] {
  const { called, fields = [], item } = field;
  if (called && typeof value === 'string') return [{ pointer, url: value }];
  if (item && Array.isArray(value)) {
    return value.flatMap((one, index) => addressesIn(one, item, `${pointer}/${index}`));
  }
  return fields.flatMap((member) =>
    addressesIn(memberOf(value, member), member, pointerTo(pointer, member)),
  );
}

function memberOf(value: unknown, { name }: Field): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function pointerTo(parent: string, { name }: Field): string {
  return `${parent}/${escapeToken(name)}`;
}
