import { BigQuery } from '@google-cloud/bigquery';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import { isAbsent, translateRestError } from './rest-error.ts';
import type { RestRequest, Statement } from './step.ts';

export interface RestOptions {
  readonly projectId: string;
  /** Such as `http://127.0.0.1:9050`, instead of Google, without credentials. */
  readonly restEndpoint?: string;
  /** Of one call, and of one statement. Default 60,000 ms. */
  readonly timeoutMs?: number;
}

interface JobAnswer {
  readonly jobComplete?: boolean;
  readonly jobReference?: { readonly jobId?: string };
}

/** How long one request waits for the end of a statement before it asks again. */
const POLL_MS = 10_000;

/** Stands for Google's credentials where none are wanted: nothing is looked up, nothing is sent. */
const NO_CREDENTIALS = { getRequestHeaders: async () => new Headers() };

/**
 * BigQuery's REST API of one project, through Google's client: its credentials and its retries. Every
 * method throws PermissionMissing, ResourceMissing, WarehouseUnavailable, InvalidConfig or InvalidRequest.
 */
export class Rest {
  readonly #client: BigQuery;
  readonly #projectId: string;
  readonly #timeoutMs: number;

  constructor({ projectId, restEndpoint, timeoutMs = 60_000 }: RestOptions) {
    this.#projectId = projectId;
    this.#timeoutMs = timeoutMs;
    // The emulator answers 500 to what it does not know, which is no reason to ask again.
    const authClient = NO_CREDENTIALS as never;
    const plain = { apiEndpoint: restEndpoint, autoRetry: false, authClient };
    this.#client = new BigQuery({ projectId, ...(restEndpoint && plain) });
    this.#client.timeout = timeoutMs;
    // Measured with 9.3.0: it takes BIGQUERY_EMULATOR_HOST as its whole base URL, scheme and all.
    if (restEndpoint) this.#client.baseUrl = `${restEndpoint}/bigquery/v2`;
  }

  async call<Answer>(request: RestRequest): Promise<Answer> {
    try {
      return await this.#send<Answer>(request);
    } catch (error) {
      throw translateRestError(error, this.#projectId, request.needs);
    }
  }

  /** @returns undefined when there is no such thing */
  async find<Answer>(request: RestRequest): Promise<Answer | undefined> {
    try {
      return await this.#send<Answer>(request);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw translateRestError(error, this.#projectId, request.needs);
    }
  }

  /**
   * Runs a statement to its end. Not by the client's query: when a job's answer lacks its status, it
   * throws where nobody can catch it (measured with 9.3.0).
   */
  async run({ sql, needs }: Statement, location: string): Promise<void> {
    const deadlineMs = Date.now() + this.#timeoutMs;
    const body = { query: sql, useLegacySql: false, location, timeoutMs: POLL_MS };
    let job = await this.call<JobAnswer>({ method: 'POST', path: '/queries', body, needs });
    while (!job.jobComplete) {
      if (Date.now() > deadlineMs) {
        throw new WarehouseUnavailable(
          `A change of ${needs.resource} took longer than ${this.#timeoutMs} ms. Run it again.`,
        );
      }
      const path = `/queries/${job.jobReference?.jobId}`;
      const query = { location, timeoutMs: POLL_MS };
      job = await this.call<JobAnswer>({ method: 'GET', path, query, needs });
    }
  }

  #send<Answer>({ method, path, query, body }: RestRequest): Promise<Answer> {
    const request = { method, uri: path, qs: query, json: body ?? true };
    return new Promise((resolve, reject) => {
      this.#client.request(request, (error, answer) => {
        if (error) reject(error);
        else resolve(answer as Answer);
      });
    });
  }
}
