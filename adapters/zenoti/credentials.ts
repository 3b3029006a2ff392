import { z } from 'zod';
import { apiKey } from '#adapters/kit/api-key.ts';
import { settingsSchema } from './settings.ts';

/**
 * What a connection form asks for. Source: Zenoti's page "Authentication": a key needs neither account
 * nor application.
 */
export const credentials = {
  api_key: z.strictObject({
    api_key: apiKey(
      'The key of the app, as Zenoti shows it under Configuration, Integrations, Apps.',
    ),
    api_base_url: settingsSchema.shape.api_base_url,
  }),
};
