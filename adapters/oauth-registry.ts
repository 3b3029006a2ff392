import { asanaOAuth } from './asana/oauth.ts';
import { clickupOAuth } from './clickup/oauth.ts';
import { googleOAuth } from './google/oauth.ts';
import { hubspotOAuth } from './hubspot/oauth.ts';
import type { OAuthProvider } from './kit/oauth.ts';
import { linearOAuth } from './linear/oauth.ts';
import { microsoftOAuth } from './microsoft/oauth.ts';
import { notionOAuth } from './notion/oauth.ts';
import { salesforceOAuth } from './salesforce/oauth.ts';
import { slackOAuth } from './slack/oauth.ts';
import { zohoOAuth } from './zoho/oauth.ts';

/** Every provider that is connected by OAuth 2.0. A new one is a file and a line here. */
const PROVIDERS: readonly OAuthProvider[] = [
  salesforceOAuth,
  hubspotOAuth,
  zohoOAuth,
  googleOAuth,
  microsoftOAuth,
  slackOAuth,
  notionOAuth,
  asanaOAuth,
  clickupOAuth,
  linearOAuth,
];

/** OAuth 2.0 of the providers, by the name of each. */
export function oauthProviders(): ReadonlyMap<string, OAuthProvider> {
  return new Map(PROVIDERS.map((one) => [one.provider, one]));
}
