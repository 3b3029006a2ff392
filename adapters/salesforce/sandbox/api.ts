import type { IncomingHttpHeaders } from 'node:http';
import {
  type ApiAnswer,
  type ApiRequest,
  type SandboxApi,
  type TokenFault,
  tokenBehind,
} from '#adapters/kit/sandbox/api.ts';
import { KEY_PREFIXES, makeId } from '../make-id.ts';

const USERINFO = '/services/oauth2/userinfo';
const LIMITS = /^\/services\/data\/v\d{2}\.0\/limits\/?$/;

/**
 * Salesforce's API as far as a connection needs it. Under /services/data an error is a list with codes.
 * The identity service under /services/oauth2 says no to a token otherwise: with 403 and a word. Source:
 * REST API Developer Guide, "Status Codes and Error Responses"; for the latter issue 3398 of
 * forcedotcom/SalesforceMobileSDK-iOS and pull request 2430 of its sibling for Android.
 */
export function salesforceApi(organizationId: string): SandboxApi {
  return {
    tokenOf: ({ authorization }) => tokenBehind(authorization, 'Bearer'),
    unauthorized,
    forbidden: () => refusal(403, 'API_DISABLED_FOR_ORG', 'API is not enabled for this org'),
    limited: () => ({
      ...refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
      headers: { 'sforce-limit-info': 'api-usage=100018/100000' },
    }),
    answer(request) {
      if (request.method !== 'GET') return undefined;
      if (request.path === USERINFO)
        return { status: 200, json: userinfo(request, organizationId) };
      if (!LIMITS.test(request.path)) return undefined;
      return {
        status: 200,
        headers: { 'sforce-limit-info': 'api-usage=18/100000' },
        json: { DailyApiRequests: { Max: 100_000, Remaining: 99_982 } },
      };
    },
  };
}

function unauthorized(fault: TokenFault, { path }: ApiRequest): ApiAnswer {
  if (!path.startsWith('/services/oauth2/')) {
    return refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
  }
  const text = fault === 'missing' ? 'Missing_OAuth_Token' : 'Bad_OAuth_Token';
  return { status: 403, headers: { 'content-type': 'text/html;charset=UTF-8' }, text };
}

function userinfo({ headers }: ApiRequest, organizationId: string) {
  const userId = makeId(KEY_PREFIXES.User, 1);
  return {
    sub: `https://login.salesforce.com/id/${organizationId}/${userId}`,
    user_id: userId,
    organization_id: organizationId,
    preferred_username: 'ana@example.com',
    name: 'Ana Horvat',
    urls: { rest: `${originOf(headers)}/services/data/v{version}/` },
  };
}

/** Where the caller found this sandbox. */
function originOf({ host }: IncomingHttpHeaders): string {
  return `http://${host ?? '127.0.0.1'}`;
}

function refusal(status: number, errorCode: string, message: string): ApiAnswer {
  return { status, json: [{ message, errorCode }] };
}
