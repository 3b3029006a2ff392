import { answerByStandard, type Behaviour, type Refusal, refuseByStandard } from './behaviour.ts';

const host = (name: string) => new RegExp(`^${name.replaceAll('.', '\\.')}$`);
/** By the standards, without telling the scopes. */
export const asana: Behaviour = {
  authorization: { hosts: host('app.asana.com'), path: /^\/-\/oauth_authorize$/ },
  token: { hosts: host('app.asana.com'), path: /^\/-\/oauth_token$/ },
  revocation: {
    hosts: host('app.asana.com'),
    path: /^\/-\/oauth_revoke$/,
    sentAs: 'form',
    client: true,
    takes: ['refresh'],
    done: { status: 200, json: {} },
  },
  clientAuthentication: ['post'],
  body: 'form',
  pkce: 'checked',
  scopeSeparator: / /,
  scopeParameters: ['scope'],
  refresh: 'silent',
  codeSeconds: 300,
  accessTokenSeconds: 3_600,
  account: '1201234567890123',
  // Granted scopes are not told.
  answer: (issued) => ({
    ...answerByStandard(issued),
    scope: undefined,
    data: {
      id: Number(issued.account),
      gid: issued.account,
      name: 'Ana',
      email: 'ana@example.com',
    },
  }),
  refuse: refuseByStandard,
};

/** No scopes, no refresh tokens, JSON bodies, errors of its own. */
export const clickup: Behaviour = {
  authorization: { hosts: host('app.clickup.com'), path: /^\/api$/ },
  token: { hosts: host('api.clickup.com'), path: /^\/api\/v2\/oauth\/token$/ },
  clientAuthentication: ['post'],
  body: 'json',
  pkce: 'ignored',
  scopeSeparator: / /,
  scopeParameters: [],
  refresh: 'none',
  codeSeconds: 600,
  account: '183',
  answer: (issued) => ({ access_token: issued.accessToken, token_type: 'Bearer' }),
  refuse(refusal) {
    if (refusal === 'throttled') return refuseByStandard(refusal);
    const codes: Partial<Record<Refusal, [string, string]>> = {
      invalid_client: ['Client not authorized', 'OAUTH_010'],
      invalid_code: ['Code already used', 'OAUTH_014'],
    };
    const [err, ECODE] = codes[refusal] ?? ['Invalid request', 'OAUTH_012'];
    return { status: 400, json: { err, ECODE } };
  },
};

/** Single-use refresh tokens. */
export const linear: Behaviour = {
  authorization: { hosts: host('linear.app'), path: /^\/oauth\/authorize$/ },
  token: { hosts: host('api.linear.app'), path: /^\/oauth\/token$/ },
  revocation: {
    hosts: host('api.linear.app'),
    path: /^\/oauth\/revoke$/,
    sentAs: 'form',
    client: true,
    takes: ['access', 'refresh'],
    done: { status: 200 },
  },
  clientAuthentication: ['post', 'basic'],
  body: 'form',
  pkce: 'checked',
  scopeSeparator: /,/,
  scopeParameters: ['scope'],
  refresh: 'single_use',
  reuse: 'refused',
  codeSeconds: 600,
  accessTokenSeconds: 86_399,
  account: 'org-1',
  answer: (issued) => answerByStandard(issued),
  refuse: refuseByStandard,
};
