import { type ApiAnswer, type SandboxApi, tokenBehind } from '#adapters/kit/sandbox/api.ts';

export interface ZenotiCenter {
  readonly id: string;
  readonly name: string;
}

const LARGEST_PAGE = 100;

/**
 * Zenoti's API as far as a connection needs it: the list of centers. Source: Zenoti developer
 * documentation, "Authentication", "List all centers", "Pagination", "Response and error codes" and "API
 * rate limits". The bodies of 403 and 429 are not documented.
 */
export function zenotiApi(centers: readonly ZenotiCenter[]): SandboxApi {
  return {
    tokenOf: ({ authorization }) => tokenBehind(authorization, 'apikey'),
    unauthorized: () => message(401, 'Authorization has been denied for this request.'),
    forbidden: () => message(403, 'You are not authorized to do this.'),
    limited: () => ({
      ...message(429, 'Too many requests.'),
      headers: {
        'retry-after': '17',
        'organization-ratelimit-limit': '60;w=60;b=60',
        'ratelimit-limit': '60',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '17',
      },
    }),
    answer({ method, path, query }) {
      // Paths are found in either spelling in the documentation.
      if (method !== 'GET' || path.toLowerCase() !== '/v1/centers') return undefined;
      const page = Number(query.get('page') ?? 1);
      const size = Number(query.get('size') ?? 10);
      if (size > LARGEST_PAGE) {
        return {
          status: 422,
          json: { code: 422, message: 'You cannot request more than 100 items.' },
        };
      }
      const rows = centers.slice((page - 1) * size, page * size);
      return {
        status: 200,
        json: {
          centers: rows.map(({ id, name }, index) => ({ id, code: `C${page + index}`, name })),
          page_info: { total: centers.length, page, size },
          error: null,
        },
      };
    },
  };
}

function message(status: number, text: string): ApiAnswer {
  return { status, json: { message: text } };
}
