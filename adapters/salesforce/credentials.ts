import { z } from 'zod';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { loginUrl, settingsSchema } from './settings.ts';

/** Hosts for users, which give no token for client credentials. */
const LOGIN_HOSTS = ['login.salesforce.com', 'test.salesforce.com'];

const username = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .describe('The user that tokens are for. The app must be approved for it beforehand.')
  .register(FIELDS, {
    label: 'Username',
    group: 'account',
    placeholder: 'integration@example.com',
  });

const myDomain = loginUrl
  .refine((url) => !LOGIN_HOSTS.includes(URL.parse(url)?.host ?? ''), {
    message: 'Give the My Domain of the organization, such as https://acme.my.salesforce.com.',
  })
  .describe('The My Domain of the organization, which alone gives tokens for client credentials.')
  .register(FIELDS, {
    label: 'My Domain',
    group: 'account',
    placeholder: 'https://acme.my.salesforce.com',
    called: true,
  });

const { login_url } = settingsSchema.shape;

/**
 * What a connection form asks for. The key of the app is not the connection's, and the audience of a JWT
 * follows from `login_url`. Source: clients of others for the host of client credentials.
 */
export const credentials = {
  oauth2: z.strictObject({ login_url }),
  jwt_bearer: z.strictObject({ username, login_url }),
  client_credentials: z.strictObject({ login_url: myDomain }),
};
