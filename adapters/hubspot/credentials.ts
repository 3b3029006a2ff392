import { z } from 'zod';

/** What a connection form asks for: HubSpot itself asks for the account. */
export const credentials = { oauth2: z.strictObject({}) };
