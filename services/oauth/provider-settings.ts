import { escapeToken } from '#adapters/kit/json-pointer.ts';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';
import { InvalidRequest, InvalidSettings } from '#schemas/problems.ts';

/** @throws InvalidRequest when it is not connected by OAuth */
export function findProvider(
  providers: ReadonlyMap<string, OAuthProvider>,
  name: string,
): OAuthProvider {
  const provider = providers.get(name);
  if (provider) return provider;
  throw new InvalidRequest(
    `There is no provider "${name}" that is connected by OAuth. Choose one of: ${[...providers.keys()].join(', ')}.`,
  );
}

/**
 * The settings that a provider's addresses depend on, with their defaults; others are left out.
 *
 * @throws InvalidSettings
 */
export function oauthSettings(
  provider: OAuthProvider,
  settings: ConnectionSettings,
): ConnectionSettings {
  const parsed = provider.settings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${escapeToken(String(part))}`).join(''),
    message,
  }));
  throw new InvalidSettings(`The settings do not fit ${provider.title}; see errors.`, { faults });
}
