import { z } from 'zod';
import { apiKey } from '#adapters/kit/api-key.ts';

/**
 * What a connection form asks for: with OAuth HubSpot itself asks for the account. Source: HubSpot
 * developer documentation, "Private apps" and "Service keys": tokens that do not expire.
 */
export const credentials = {
  oauth2: z.strictObject({}),
  api_key: z.strictObject({
    api_key: apiKey('The access token of a private app, or a service key.'),
  }),
};
