import { answerByStandard, type Behaviour, type Refusal, refuseByStandard } from './behaviour.ts';

const host = (name: string) => new RegExp(`^${name.replaceAll('.', '\\.')}$`);
const SALESFORCE = /^(?:login|test|[a-z0-9.-]+\.my)\.salesforce\.com$/;
const ZOHO_REGIONS = {
  us: 'accounts.zoho.com',
  eu: 'accounts.zoho.eu',
  in: 'accounts.zoho.in',
  au: 'accounts.zoho.com.au',
  cn: 'accounts.zoho.com.cn',
  jp: 'accounts.zoho.jp',
  ca: 'accounts.zohocloud.ca',
};
const ZOHO = /^accounts\.(?:zoho\.(?:com|eu|in|com\.au|com\.cn|jp)|zohocloud\.ca)$/;
const ZOHO_API: Readonly<Record<string, string>> = {
  'accounts.zoho.com': 'www.zohoapis.com',
  'accounts.zohocloud.ca': 'www.zohoapis.ca',
};

/** Tells no lifetime. Rotation is on: a second use of a refresh token ends the live one. */
export const salesforce: Behaviour = {
  authorization: { hosts: SALESFORCE, path: /^\/services\/oauth2\/authorize$/ },
  token: { hosts: SALESFORCE, path: /^\/services\/oauth2\/token$/ },
  revocation: {
    hosts: SALESFORCE,
    path: /^\/services\/oauth2\/revoke$/,
    sentAs: 'form',
    client: false,
    takes: ['access', 'refresh'],
    done: { status: 200 },
  },
  clientAuthentication: ['post', 'basic'],
  body: 'form',
  pkce: 'checked',
  scopeSeparator: / /,
  scopeParameters: ['scope'],
  offlineScope: 'refresh_token',
  refresh: 'single_use',
  reuse: 'ends_grant',
  oneRefreshAtATime: true,
  codeSeconds: 900,
  accessTokenSeconds: 7_200,
  account: '00D5g000004ABCDEA4',
  grants: {
    audience: (at) =>
      at === 'test.salesforce.com' || at.endsWith('.sandbox.my.salesforce.com')
        ? 'https://test.salesforce.com'
        : 'https://login.salesforce.com',
    clientCredentials: (at) => at.endsWith('.my.salesforce.com'),
  },
  // Says everything but how long the token lives.
  answer: (issued) => ({
    ...answerByStandard({ ...issued, expiresInSeconds: undefined }),
    instance_url: issued.apiUrl ?? 'https://acme.my.salesforce.com',
    id: `https://login.salesforce.com/id/${issued.account}/0055g00000AbCdEAAV`,
    issued_at: String(issued.nowMs),
    signature: 'c2FuZGJveA==',
  }),
  refuse(refusal) {
    if (refusal === 'wrong_verifier') return refuseByStandard('invalid_request');
    const texts: Partial<Record<Refusal, string>> = {
      busy: 'token request is already being processed',
      throttled: 'token request is already being processed',
      invalid_grant: 'expired access/refresh token',
      invalid_code: 'expired authorization code',
    };
    const text = texts[refusal];
    if (text === undefined) return { ...refuseByStandard(refusal), status: 400 };
    return { status: 400, json: { error: 'invalid_grant', error_description: text } };
  },
};

/** Errors in two spellings at once; scopes as a list. */
export const hubspot: Behaviour = {
  authorization: { hosts: /^app(?:-eu1)?\.hubspot\.com$/, path: /^\/oauth\/authorize$/ },
  token: { hosts: host('api.hubapi.com'), path: /^\/oauth\/2026-0[39]\/token$/ },
  revocation: {
    hosts: host('api.hubapi.com'),
    path: /^\/oauth\/2026-0[39]\/token\/revoke$/,
    sentAs: 'form',
    client: true,
    takes: ['refresh'],
    done: { status: 200 },
  },
  clientAuthentication: ['post'],
  body: 'form',
  pkce: 'ignored',
  scopeSeparator: / /,
  scopeParameters: ['scope', 'optional_scope'],
  refresh: 'repeated',
  codeSeconds: 60,
  accessTokenSeconds: 1_800,
  account: '62515',
  answer: (issued) => ({
    ...answerByStandard(issued),
    scope: undefined,
    token_type: 'bearer',
    hub_id: Number(issued.account),
    scopes: issued.scopes,
  }),
  refuse(refusal) {
    const words: Partial<Record<Refusal, [string, string]>> = {
      invalid_grant: ['BAD_REFRESH_TOKEN', 'refresh token is invalid, expired or revoked'],
      invalid_code: ['BAD_AUTH_CODE', 'missing or unknown auth code'],
      invalid_client: ['BAD_CLIENT_SECRET', 'missing or invalid client secret'],
    };
    const [status, message] = words[refusal] ?? [];
    const answer = refuseByStandard(refusal);
    if (status === undefined) return answer;
    const error = refusal === 'invalid_client' ? 'invalid_client' : 'invalid_grant';
    return { status: 400, json: { error, error_description: message, status, message } };
  },
};

/** Errors with status 200; codes are redeemed where the account is kept. */
export const zoho: Behaviour = {
  authorization: { hosts: ZOHO, path: /^\/oauth\/v2\/auth$/ },
  token: { hosts: ZOHO, path: /^\/oauth\/v2\/token$/ },
  revocation: {
    hosts: ZOHO,
    path: /^\/oauth\/v2\/token\/revoke$/,
    sentAs: 'query',
    client: false,
    takes: ['refresh'],
    done: { status: 200, json: { status: 'success' } },
  },
  clientAuthentication: ['post'],
  body: 'form',
  pkce: 'plain_by_default',
  scopeSeparator: /,/,
  scopeParameters: ['scope'],
  offline: { access_type: 'offline', prompt: 'consent' },
  refresh: 'silent',
  codeSeconds: 120,
  accessTokenSeconds: 3_600,
  account: '20085301234',
  regions: ZOHO_REGIONS,
  answer: (issued) => {
    const api = ZOHO_API[issued.host] ?? issued.host.replace('accounts.zoho', 'www.zohoapis');
    return {
      ...answerByStandard({ ...issued, expiresInSeconds: undefined }),
      api_domain: issued.apiUrl ?? `https://${api}`,
      // The older spelling: milliseconds here, seconds there.
      expires_in: (issued.expiresInSeconds ?? 0) * 1_000,
      expires_in_sec: issued.expiresInSeconds,
    };
  },
  refuse(refusal) {
    if (refusal === 'throttled') {
      const error_description =
        'You have made too many requests continuously. Please try again after some time.';
      return {
        status: 200,
        json: { error: 'Access Denied', error_description, status: 'failure' },
      };
    }
    const codes: Partial<Record<Refusal, string>> = {
      invalid_client: 'invalid_client',
      invalid_request: 'invalid_request',
      unsupported_grant: 'unsupported_grant_type',
    };
    return { status: 200, json: { error: codes[refusal] ?? 'invalid_code' } };
  },
};
