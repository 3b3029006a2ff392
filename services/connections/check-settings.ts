import type { Adapter } from '#adapters/kit/adapter.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
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
 * The settings as the adapter takes them, its defaults filled in.
 *
 * @throws InvalidSettings with a pointer for each fault
 */
export function checkSettings(
  adapter: Adapter,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const parsed = adapter.settingsSchema.safeParse(settings);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${escapeToken(String(part))}`).join(''),
      message,
    }));
    throw new InvalidSettings(`The settings do not fit ${adapter.title}; see errors.`, { faults });
  }
  adapter.bind(parsed.data);
  return parsed.data as Record<string, unknown>;
}
