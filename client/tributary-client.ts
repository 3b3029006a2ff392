import createClient, {
  type Client,
  type FetchResponse,
  type MaybeOptionalInit,
} from 'openapi-fetch';
import type { paths } from './generated/api.ts';
import { errorOf } from './problem.ts';

export interface ClientOptions {
  /** Scheme and host of the server. */
  readonly url: string;
  /** Bearer token: an API key, a token of the identity provider, or that of the installation. */
  readonly token: string;
  /** The organisation to act for, where the token belongs to none; `platform` is what all share. */
  readonly orgId?: string | undefined;
  /** In place of the built-in one, such as one that tries again. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathOf<Method extends Verb> = {
  [Path in keyof paths]: paths[Path] extends Record<Method, unknown> ? Path : never;
}[keyof paths];

/** What a path's method needs: `params` and `body`, optional where nothing in them is required. */
type Init<Path extends keyof paths, Method extends Verb> = MaybeOptionalInit<
  paths[Path],
  Method & keyof paths[Path]
>;

type Data<Operation extends Record<string | number, unknown>> = NonNullable<
  FetchResponse<Operation, object, 'application/json'>['data']
>;

/** The body of the answer to a path's method; undefined where it has none. */
export type Answer<Path extends keyof paths, Method extends Verb> = Method extends keyof paths[Path]
  ? [Data<paths[Path][Method] & Record<string, unknown>>] extends [never]
    ? undefined
    : Data<paths[Path][Method] & Record<string, unknown>>
  : never;

/** Calls a path by one method. @throws TributaryProblem */
export type Call<Method extends Verb> = <Path extends PathOf<Method>>(
  path: Path,
  ...init: undefined extends Init<Path, Method> ? [Init<Path, Method>?] : [Init<Path, Method>]
) => Promise<Answer<Path, Method>>;

/** The API as functions: each takes a path as the document spells it, and gives the answer's body. */
export interface TributaryClient {
  readonly get: Call<'get'>;
  readonly post: Call<'post'>;
  readonly put: Call<'put'>;
  readonly patch: Call<'patch'>;
  readonly delete: Call<'delete'>;
  /** The client underneath, for headers of answers and for streams. It throws problems as well. */
  readonly raw: Client<paths>;
}

/**
 * A client of the API. Every refusal is thrown as a TributaryProblem.
 *
 * @example
 * const tributary = createTributaryClient({ url, token, orgId: 'org_1' });
 * const { events } = await tributary.get('/v1/events', { params: { query: { limit: 10 } } });
 */
export function createTributaryClient(options: ClientOptions): TributaryClient {
  const { url, token, orgId, fetch } = options;
  const raw = createClient<paths>({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}`, 'x-org-id': orgId },
    ...(fetch && { fetch }),
  });
  raw.use({
    onResponse: async ({ response }) => {
      if (!response.ok) throw await errorOf(response);
    },
  });
  const by = <Method extends Verb>(method: Method) =>
    (async (path: never, init: never) =>
      (await raw.request(method, path, init)).data) as unknown as Call<Method>;
  return {
    raw,
    get: by('get'),
    post: by('post'),
    put: by('put'),
    patch: by('patch'),
    delete: by('delete'),
  };
}
