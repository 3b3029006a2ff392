import type { Adapter } from '#adapters/kit/adapter.ts';
import { judgeAnswer, problemOf } from '#adapters/kit/judge-answer.ts';
import type {
  Account,
  CallProvider,
  Credential,
  ProviderApi,
  ProviderResponse,
} from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { InvalidRequest, InvalidSettings, ProviderUnavailable } from '#schemas/problems.ts';

/** Sends one request over HTTP, follows no redirect, and reads no more of the answer than it may. */
export type SendHttp = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
    readonly timeoutMs: number;
  },
) => Promise<ProviderResponse>;

const TIMEOUT_MS = 10_000;

/**
 * Asks a provider, by the cheapest call there is, whether it takes a credential and whose it is. Nothing is
 * saved: it is for credentials that are about to be.
 *
 * @param settings of the connection, parsed
 * @throws CredentialsRefused when the provider does not take it
 * @throws ProviderUnavailable when the provider cannot be asked now
 * @throws ProviderRefused when something answers that is not the provider's API
 * @throws InvalidRequest when the provider takes no credential of this kind
 * @throws InvalidSettings when the settings do not say where the API is
 */
export async function testCredential<Settings>(
  adapter: Adapter<Settings>,
  settings: Settings,
  credential: Credential,
  send: SendHttp,
): Promise<Account> {
  const api = apiFor(adapter, settings, credential);
  return api.health(callWith(adapter, settings, credential, send), settings);
}

/**
 * The API of a provider with one credential that is never replaced.
 *
 * @throws CredentialsRefused, InvalidSettings, InvalidRequest as testCredential does; what it returns throws
 *   what a CallProvider does
 */
export function callWith<Settings>(
  adapter: Adapter<Settings>,
  settings: Settings,
  credential: Credential,
  send: SendHttp,
): CallProvider {
  const api = apiFor(adapter, settings, credential);
  const baseUrl = api.baseUrl(settings, credential);
  const authorization = api.authorize(credential, settings);
  return async ({ method = 'GET', path, headers, json }) => {
    const response = await send(baseUrl + path, {
      method,
      headers: {
        accept: 'application/json',
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
        ...authorization,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      timeoutMs: TIMEOUT_MS,
    }).catch((error: unknown) => {
      if (error instanceof Problem) throw error;
      // What a client complains of may quote the request, and a cause is logged: it ends here.
      throw new ProviderUnavailable(`${adapter.title} could not be reached. Try again later.`);
    });
    const refusal = judgeAnswer(api, response);
    if (refusal !== undefined) throw problemOf(adapter.title, response, refusal);
    return response;
  };
}

function apiFor<Settings>(
  { api, title }: Adapter<Settings>,
  settings: Settings,
  { kind }: Credential,
): ProviderApi<Settings> {
  if (api === undefined) throw new InvalidRequest(`Connections of ${title} take no credentials.`);
  if (!api.credentialKinds.includes(kind)) {
    throw new InvalidRequest(`${title} takes credentials of: ${api.credentialKinds.join(', ')}.`);
  }
  if (api.available?.(settings) === false) {
    const message = 'Say in the settings how the API of the provider is called.';
    throw new InvalidSettings(message, { faults: [{ pointer: '/settings/api', message }] });
  }
  return api;
}
