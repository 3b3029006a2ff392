import { z } from 'zod';
import { headerToken } from '#adapters/kit/credential-text.ts';
import { errorBody, later, statedWait } from '#adapters/kit/judge-answer.ts';
import type { Judgement, ProviderApi, ProviderResponse } from '#adapters/kit/provider-api.ts';
import { readAnswer } from '#adapters/kit/read-answer.ts';
import { ProviderRefused } from '#schemas/problems.ts';
import { TITLE } from './definition.ts';
import type { ZenotiSettings } from './settings.ts';

/** Each body has `error`, also one of 200, and null says that there is none. */
const errorSchema = z.object({ error: z.object({ code: z.unknown() }) });
const centersSchema = z.object({
  centers: z.array(z.object({ name: z.string().nullish() })),
  page_info: z.object({ total: z.int().optional() }).nullish(),
  error: z.unknown(),
});

/** Calls are counted by the minute. */
const LIMIT_WAIT_SECONDS = 60;

/**
 * Zenoti's API, by key. The list of centers is the cheapest call; it names the centers of the
 * organization and not the organization, so there is no id, and a name only where there is one center.
 * Webhooks are made by hand alone: docs/providers/zenoti.md. Source: Zenoti developer documentation,
 * "Authentication", "List all centers", "Response and error codes" and "API rate limits".
 */
export const zenotiApi: ProviderApi<ZenotiSettings> = {
  credentialKinds: ['api_key'],
  baseUrl: ({ api_base_url }) => api_base_url,
  authorize: (credential) => ({ authorization: `apikey ${headerToken(credential)}` }),
  judge,
  async health(call) {
    const response = await call({ path: '/v1/centers?page=1&size=1' });
    const { centers, page_info, error } = readAnswer(TITLE, response, centersSchema);
    if (error !== undefined && error !== null) {
      throw new ProviderRefused(`${TITLE} answered with an error to the list of centers.`);
    }
    const [first] = centers;
    const isOnly = page_info?.total === 1 && centers.length === 1;
    return { id: null, name: isOnly ? (first?.name ?? null) : null };
  },
};

function judge(response: ProviderResponse): Judgement | undefined {
  const { status } = response;
  if (status === 429) {
    return later(response, statedWait(response, 'ratelimit-reset') ?? LIMIT_WAIT_SECONDS);
  }
  // Codes such as 502 and 505 are the application's: the request is at fault, and stays so.
  return status >= 500 && errorSchema.safeParse(errorBody(response)).success
    ? { kind: 'answered' }
    : undefined;
}
