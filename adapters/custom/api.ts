import { headerToken } from '#adapters/kit/credential-text.ts';
import { judgeAnswer } from '#adapters/kit/judge-answer.ts';
import type { ProviderApi } from '#adapters/kit/provider-api.ts';
import { InvalidSettings, ProviderRefused } from '#schemas/problems.ts';
import type { CustomSettings } from './settings.ts';

/**
 * The API of a custom provider as its settings describe it: a key in a header, and an address that
 * answers 2xx when the key is good. Who the account is, nothing tells.
 */
export const customApi: ProviderApi<CustomSettings> = {
  credentialKinds: ['api_key'],
  available: ({ api }) => api !== undefined,
  baseUrl: (settings) => apiOf(settings).base_url,
  authorize(credential, settings) {
    const { key_header, key_prefix } = apiOf(settings);
    return { [key_header]: `${key_prefix}${headerToken(credential)}` };
  },
  judge(response) {
    const refusal = judgeAnswer({}, response);
    // Nobody knows what a code is here: it may be anything, an echo of the key too.
    return refusal && { ...refusal, code: undefined };
  },
  async health(call, settings) {
    const { status } = await call({ path: apiOf(settings).health_path });
    if (status >= 200 && status <= 299) return { id: null, name: null };
    throw new ProviderRefused(
      `The provider answered ${status} where a good key gets 2xx. Check base_url and health_path of "api".`,
    );
  },
};

/** @throws InvalidSettings without `api`, which `available` tells beforehand */
function apiOf({ api }: CustomSettings): NonNullable<CustomSettings['api']> {
  if (api !== undefined) return api;
  const message = 'Say under "api" how the API of the provider is called.';
  throw new InvalidSettings(message, { faults: [{ pointer: '/api', message }] });
}
