import type { Config } from '#platform/config/config.ts';
import type { ProblemDetails } from '#schemas/problem.ts';
import { apiTokenPath, readApiToken } from '#services/access/api-token.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { readServerNote } from './running-server.ts';

export interface ConnectionView {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly status: string;
  readonly webhook_url: string;
  readonly secret_ref: string;
  readonly settings: Record<string, unknown>;
}

/** The webhook URL without the secret segment that some providers' URLs end in. */
export function webhookAddress({ id, webhook_url }: ConnectionView): string {
  return webhook_url.slice(0, webhook_url.indexOf(id) + id.length);
}

interface RequestOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The API of a running server, for the other commands. */
export class ApiClient {
  readonly url: string;
  readonly #token: string;
  readonly #orgId: string;

  private constructor(url: string, token: string, orgId: string) {
    this.url = url;
    this.#token = token;
    this.#orgId = orgId;
  }

  /** @throws CommandFailed when there is no API token to be found */
  static async open(config: Config): Promise<ApiClient> {
    const token = config.apiToken ?? (await readApiToken(config.keyDir));
    if (token === undefined) {
      throw new CommandFailed(
        `There is no API token at ${apiTokenPath(config.keyDir)}. Start the server once (npm start), or set TRIBUTARY_API_TOKEN.`,
        EXIT.serverUnreachable,
      );
    }
    const note = await readServerNote(config.dataDir);
    return new ApiClient(note?.url ?? `http://${config.host}:${config.port}`, token, config.orgId);
  }

  async get<Result>(path: string): Promise<Result> {
    return (await this.request('GET', path)).json() as Promise<Result>;
  }

  async send<Result>(
    method: 'POST' | 'PATCH' | 'PUT',
    path: string,
    body: unknown,
  ): Promise<Result> {
    return (await this.request(method, path, { body })).json() as Promise<Result>;
  }

  /** @throws CommandFailed with the problem's own words when the answer is one */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { body, signal } = options;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        'x-org-id': this.#orgId,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error) => {
      throw new CommandFailed(
        `No server answers at ${this.url} (${reason(error)}). Start it with: npm start`,
        EXIT.serverUnreachable,
      );
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => undefined)) as ProblemDetails | undefined;
    const faults = (problem?.errors ?? []).map((fault) => `\n  ${fault.pointer}: ${fault.message}`);
    throw new CommandFailed(
      problem ? `${problem.detail} [${problem.code}]${faults.join('')}` : `HTTP ${response.status}`,
    );
  }
}

function reason(error: unknown): string {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code ?? (error as Error).message;
}
