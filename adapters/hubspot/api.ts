import { z } from 'zod';
import { headerToken } from '#adapters/kit/credential-text.ts';
import { errorBody, errorCode, later } from '#adapters/kit/judge-answer.ts';
import type { Judgement, ProviderApi, ProviderResponse } from '#adapters/kit/provider-api.ts';
import { readAnswer } from '#adapters/kit/read-answer.ts';
import { TITLE } from './definition.ts';
import type { HubspotSettings } from './settings.ts';

/** An int64, which comes as text where a double could not hold it. */
const detailsSchema = z.object({
  portalId: z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]),
});

const limitSchema = z.object({ policyName: z.string() });

/** Seconds to wait by the policy that was exceeded. A day ends at the account's midnight: we ask hourly. */
const WAIT_SECONDS: Readonly<Record<string, number>> = {
  SECONDLY: 1,
  TEN_SECONDLY_ROLLING: 10,
  DAILY: 3_600,
};

/**
 * HubSpot's API. The account is told by its id alone: the details have no name of it. Webhooks are not
 * registered here, since the token of an account may not: docs/providers/hubspot.md. Source: HubSpot's
 * public API specification, "Account Info", and developer documentation, "Error handling".
 */
export const hubspotApi: ProviderApi<HubspotSettings> = {
  credentialKinds: ['oauth2', 'api_key'],
  baseUrl: ({ api_base_url }) => api_base_url,
  authorize: (credential) => ({ authorization: `Bearer ${headerToken(credential)}` }),
  judge,
  async health(call) {
    const response = await call({ path: '/account-info/2026-03/details' });
    const { portalId } = readAnswer(TITLE, response, detailsSchema);
    return { id: String(portalId), name: null };
  },
};

/** A 401 alone is no reason for a new token; 423, 477 and 530 are HubSpot's own. */
function judge(response: ProviderResponse): Judgement | undefined {
  const code = errorCode(response);
  switch (response.status) {
    case 401:
      return {
        kind: code === 'EXPIRED_AUTHENTICATION' ? 'token_refused' : 'credentials_refused',
        code,
      };
    // The token is malformed: known from a third party.
    case 530:
      return { kind: 'credentials_refused', code };
    case 423:
      return later(response, 2);
    // The account is being moved.
    case 477:
      return later(response);
    case 429: {
      const limit = limitSchema.safeParse(errorBody(response));
      return later(response, WAIT_SECONDS[limit.data?.policyName ?? ''] ?? 10);
    }
    default:
      return undefined;
  }
}
