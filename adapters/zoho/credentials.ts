import { z } from 'zod';
import { settingsSchema } from './settings.ts';

/** What a connection form asks for. Source: Zoho CRM API v8, "Multi-DC". */
export const credentials = {
  oauth2: z.strictObject({ data_center: settingsSchema.shape.data_center }),
};
