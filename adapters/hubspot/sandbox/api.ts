import { type ApiAnswer, type SandboxApi, tokenBehind } from '#adapters/kit/sandbox/api.ts';

const CORRELATION_ID = '5b3e1c5e-9f0a-4d5e-8d7c-2f6c1a9b0e11';

/**
 * HubSpot's API as far as a connection needs it: the details of the account. Source: HubSpot's public API
 * specification, "Account Info", and developer documentation, "Error handling". The texts of a missing
 * and of an unknown token are not confirmed.
 */
export function hubspotApi(portalId: number): SandboxApi {
  return {
    tokenOf: ({ authorization }) => tokenBehind(authorization, 'Bearer'),
    unauthorized: (fault) =>
      fault === 'expired'
        ? refusal(
            401,
            'EXPIRED_AUTHENTICATION',
            'The OAuth token used to make this call expired 12 second(s) ago.',
          )
        : refusal(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found.'),
    forbidden: () =>
      refusal(403, 'MISSING_SCOPES', 'This app has not been granted all required scopes.'),
    limited: () => ({
      status: 429,
      headers: {
        'x-hubspot-ratelimit-max': '110',
        'x-hubspot-ratelimit-remaining': '0',
        'x-hubspot-ratelimit-interval-milliseconds': '10000',
      },
      json: {
        status: 'error',
        message: 'You have reached your ten_secondly_rolling limit.',
        errorType: 'RATE_LIMIT',
        correlationId: CORRELATION_ID,
        policyName: 'TEN_SECONDLY_ROLLING',
        requestId: CORRELATION_ID,
      },
    }),
    answer({ method, path }) {
      if (`${method} ${path}` !== 'GET /account-info/2026-03/details') return undefined;
      return {
        status: 200,
        json: {
          portalId,
          accountType: 'DEVELOPER_TEST',
          timeZone: 'Europe/Zagreb',
          companyCurrency: 'EUR',
          uiDomain: 'app.hubspot.com',
          dataHostingLocation: 'na1',
        },
      };
    },
  };
}

function refusal(status: number, category: string, message: string): ApiAnswer {
  return {
    status,
    json: { status: 'error', message, correlationId: CORRELATION_ID, category },
  };
}
