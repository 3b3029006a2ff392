import { z } from 'zod';
import { headerToken, toldUrl } from '#adapters/kit/credential-text.ts';
import { errorCode } from '#adapters/kit/judge-answer.ts';
import type { Judgement, ProviderApi, ProviderResponse } from '#adapters/kit/provider-api.ts';
import { readAnswer } from '#adapters/kit/read-answer.ts';
import { API_URLS } from './data-centers.ts';
import { TITLE } from './definition.ts';
import { idText } from './id.ts';
import type { ZohoSettings } from './settings.ts';
import { watchChannels } from './watch.ts';

const orgSchema = z.object({
  org: z
    .array(
      z.object({
        zgid: z.unknown().transform((value, context) => {
          const id = idText(value);
          if (id !== undefined) return id;
          context.addIssue('An id has 1 to 25 digits.');
          return z.NEVER;
        }),
        company_name: z.string().nullish(),
      }),
    )
    .min(1),
});

/**
 * Zoho CRM's API, version 8. It is called where the token came with (`api_domain`), and else in the data
 * centre of the settings. The organization is the account, by its `zgid`. Needs the scope
 * ZohoCRM.org.READ. Source: Zoho CRM API v8, "Organization", "Multi DC Support" and "Status codes".
 */
export const zohoApi: ProviderApi<ZohoSettings> = {
  credentialKinds: ['oauth2'],
  baseUrl: ({ data_center }, credential) =>
    toldUrl(credential, 'api_domain') ?? API_URLS[data_center],
  authorize: (credential) => ({ authorization: `Zoho-oauthtoken ${headerToken(credential)}` }),
  judge,
  async health(call) {
    const { org } = readAnswer(TITLE, await call({ path: '/crm/v8/org' }), orgSchema);
    const [first] = org;
    return { id: first?.zgid ?? null, name: first?.company_name ?? null };
  },
  webhooks: watchChannels,
};

/** A scope that is missing comes as 401, and no new token has it either. */
function judge(response: ProviderResponse): Judgement | undefined {
  const code = errorCode(response);
  return response.status === 401 && code === 'OAUTH_SCOPE_MISMATCH'
    ? { kind: 'credentials_refused', code }
    : undefined;
}
