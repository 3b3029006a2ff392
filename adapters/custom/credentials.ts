import { z } from 'zod';
import { apiKey } from '#adapters/kit/api-key.ts';
import { settingsSchema } from './settings.ts';

/** What a connection form asks for. */
export const credentials = {
  api_key: z.strictObject({
    api_key: apiKey('The key, without the prefix that stands before it in the header.'),
    api: settingsSchema.shape.api.unwrap(),
  }),
};
