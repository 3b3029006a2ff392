import type { Authority } from './authority.ts';
import type { Behaviour } from './behaviour.ts';
import type { Clients } from './clients.ts';
import { type BrowserAnswer, consentPage, refusalPage } from './consent-page.ts';
import type { Consent } from './options.ts';
import type { OAuthStats } from './stats.ts';

export interface AuthorizeParts {
  readonly authority: Authority;
  readonly clients: Clients;
  readonly stats: OAuthStats;
}

/** Parameters by which the consent page, or a test, tells what the user does. */
const OWN = /^sandbox_/;

/**
 * Answers an authorization request: the consent page, or at once where it is known what the user does.
 *
 * @param query of the request; `sandbox_decision`, `sandbox_scope` (repeated), `sandbox_account`,
 *   `sandbox_location` and `sandbox_error` go before `standing`
 * @param standing what the user does otherwise
 */
export function authorize(
  { authority, clients, stats }: AuthorizeParts,
  provider: string,
  behaviour: Behaviour,
  query: URLSearchParams,
  standing: Consent,
): BrowserAnswer {
  const client = clients.find(query.get('client_id'));
  const redirectUri = query.get('redirect_uri');
  // Nothing is sent to an address that is not known to be the app's.
  if (!client) return refusalPage('The app is not known.');
  if (!redirectUri || (client.redirectUris && !client.redirectUris.includes(redirectUri))) {
    return refusalPage('The redirect URI is not one of the app.');
  }
  const consent = { ...standing, ...consentOf(query) };
  const back = (parameters: Record<string, string>): BrowserAnswer => {
    const location = new URL(redirectUri);
    const state = query.get('state');
    const all = { ...parameters, ...(state !== null && { state }) };
    for (const [name, value] of Object.entries(all)) location.searchParams.set(name, value);
    return { status: 302, location: location.href };
  };
  stats.authorizations += 1;
  if (query.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' });
  const asked = behaviour.scopeParameters
    .flatMap((name) => (query.get(name) ?? '').split(behaviour.scopeSeparator))
    .filter((scope) => scope !== '');
  if (consent.error) return back({ error: consent.error });
  if (consent.decision === 'deny') {
    stats.denied += 1;
    return back({ error: 'access_denied', error_description: 'The user denied the request.' });
  }
  if (consent.decision !== 'allow') return consentPage(provider, query, asked);

  stats.allowed += 1;
  const scopes = asked.filter((scope) => consent.scopes?.includes(scope) ?? true);
  const region = behaviour.regions && (consent.location ?? 'us');
  const home = region === undefined ? undefined : behaviour.regions?.[region];
  const challenge = query.get('code_challenge');
  const code = authority.makeCode({
    redirectUri,
    challenge: challenge
      ? { value: challenge, method: query.get('code_challenge_method') ?? 'plain' }
      : undefined,
    grant: {
      provider,
      behaviour,
      clientId: client.clientId,
      account: consent.account ?? behaviour.account,
      scopes,
      offline: isOffline(behaviour, query, scopes),
      home,
      refreshing: false,
      ended: false,
    },
  });
  return back({
    code,
    ...(region !== undefined && {
      location: region,
      'accounts-server': `https://${home}`,
    }),
  });
}

/** Whether a refresh token comes with the first token. */
function isOffline(
  { refresh, offline, offlineScope }: Behaviour,
  query: URLSearchParams,
  scopes: readonly string[],
): boolean {
  if (refresh === 'none') return false;
  if (offlineScope !== undefined && !scopes.includes(offlineScope)) return false;
  return Object.entries(offline ?? {}).every(([name, value]) => query.get(name) === value);
}

function consentOf(query: URLSearchParams): Consent {
  const own = [...query.keys()].filter((name) => OWN.test(name));
  if (own.length === 0) return {};
  const decision = query.get('sandbox_decision');
  const text = (name: string) => query.get(name) ?? undefined;
  return {
    ...((decision === 'allow' || decision === 'deny') && { decision }),
    ...(query.has('sandbox_scope') && { scopes: query.getAll('sandbox_scope') }),
    ...(text('sandbox_account') !== undefined && { account: text('sandbox_account') }),
    ...(text('sandbox_location') !== undefined && { location: text('sandbox_location') }),
    ...(text('sandbox_error') !== undefined && { error: text('sandbox_error') }),
  };
}
