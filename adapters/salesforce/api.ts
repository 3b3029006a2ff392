import { z } from 'zod';
import { headerToken, toldUrl } from '#adapters/kit/credential-text.ts';
import { errorBody, errorCode, later } from '#adapters/kit/judge-answer.ts';
import type { Judgement, ProviderApi, ProviderResponse } from '#adapters/kit/provider-api.ts';
import { readAnswer } from '#adapters/kit/read-answer.ts';
import { CredentialsRefused } from '#schemas/problems.ts';
import { TITLE } from './definition.ts';
import { recordId } from './record-id.ts';
import type { SalesforceSettings } from './settings.ts';

const userinfoSchema = z.object({
  organization_id: z.string().refine((id) => recordId(id) !== undefined),
  urls: z.object({ rest: z.string() }).partial().optional().catch(undefined),
});
const errorsSchema = z.array(z.object({ message: z.string() }));

/** What the identity service answers, with 403, to a token that another service refuses with 401. */
const IDENTITY_REFUSAL = /^\s*(?:Bad|Missing)_OAuth_Token\s*$/i;
/** Sessions that a new token would not help. Known from jsforce. */
const NOT_FOR_REST = [
  'Connected app is not attached to Agent',
  'This session is not valid for use with the REST API',
];
/** Minutes to an hour, as requests of a rolling day are counted. */
const LIMIT_WAIT_SECONDS = 900;

/**
 * Salesforce's API, at the organization's own address. `userinfo` costs no API request and tells the
 * organization; the name is that of its address, which others have seen and Salesforce does not promise.
 * It proves the token, and not that the user may use the API: /limits does. Webhooks are not registered
 * by API: docs/providers/salesforce.md.
 */
export const salesforceApi: ProviderApi<SalesforceSettings> = {
  credentialKinds: ['oauth2', 'jwt_bearer', 'client_credentials'],
  baseUrl(_settings, credential) {
    const url = toldUrl(credential, 'instance_url');
    if (url !== undefined) return url;
    throw new CredentialsRefused(
      'The credentials do not tell the address of the organization (instance_url). Authenticate the connection again.',
    );
  },
  authorize: (credential) => ({ authorization: `Bearer ${headerToken(credential)}` }),
  judge,
  async health(call) {
    const response = await call({ path: '/services/oauth2/userinfo' });
    const { organization_id, urls } = readAnswer(TITLE, response, userinfoSchema);
    return {
      id: recordId(organization_id) ?? null,
      name: URL.parse(urls?.rest ?? '')?.hostname ?? null,
    };
  },
};

/** Limits come as 403, and maintenance as a page. Source: REST API Developer Guide, "Status Codes". */
function judge(response: ProviderResponse): Judgement | undefined {
  const { status, headers, text } = response;
  const code = errorCode(response);
  if (status === 403 && IDENTITY_REFUSAL.test(text.slice(0, 64))) return { kind: 'token_refused' };
  if (status === 403 && code === 'REQUEST_LIMIT_EXCEEDED') {
    return later(response, LIMIT_WAIT_SECONDS);
  }
  if (status === 401 && isNotForRest(response)) return { kind: 'credentials_refused', code };
  const isPage = (headers['content-type'] ?? '').startsWith('text/html');
  return status === 420 || (status !== 401 && isPage) ? later(response) : undefined;
}

function isNotForRest(response: ProviderResponse): boolean {
  const errors = errorsSchema.safeParse(errorBody(response)).data ?? [];
  return errors.some(({ message }) => NOT_FOR_REST.some((text) => message.includes(text)));
}
