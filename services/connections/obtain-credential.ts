import type { Credential } from '#adapters/kit/provider-api.ts';
import { InternalError } from '#schemas/problems.ts';
import type { ConnectionTokens } from '../oauth/connection-tokens.ts';
import { checkCredential } from '../providers/check-credential.ts';
import type { CredentialRequest, ObtainCredential } from './credential-input.ts';
import { type SendHttp, testCredential } from './test-credential.ts';

export interface ObtainOptions {
  readonly providerTokens: Pick<ConnectionTokens, 'obtain'>;
  readonly send: SendHttp;
}

/** Makes the function that turns what a form gave into a credential which the provider takes. */
export function makeObtainCredential(options: ObtainOptions): ObtainCredential {
  return async (request) => {
    const { adapter, settings } = request;
    const credential = await obtain(options, request);
    const account = await testCredential(adapter, settings, credential, options.send);
    return { credential, scopesRequested: [], account };
  };
}

async function obtain(
  { providerTokens }: ObtainOptions,
  { principal, adapter, settings, input }: CredentialRequest,
): Promise<Credential> {
  const { kind, ...given } = input;
  const fields = checkCredential(adapter, kind, given, settings);
  if (kind === 'api_key') {
    const { api_key: token } = fields;
    if (typeof token !== 'string') {
      throw new InternalError(`${adapter.title} declares no field api_key for its keys.`);
    }
    return { kind, token, scopes: [], facts: {} };
  }
  const { tenantId } = principal;
  const owner = { tenantId, provider: adapter.provider, settings };
  const username = typeof fields.username === 'string' ? { username: fields.username } : {};
  return providerTokens.obtain(kind, owner, username);
}
