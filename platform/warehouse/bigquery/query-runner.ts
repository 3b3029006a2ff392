import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BigQuery } from '@google-cloud/bigquery';
import { Problem } from '#schemas/problem.ts';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import type { CellValue } from '../warehouse.ts';
import type { QueryFile } from './query-files.ts';
import { queryProblem } from './query-problems.ts';
import { queryParameters, type RestRow, type ResultColumn, resultRows } from './query-values.ts';

export interface QueryRunnerOptions {
  readonly projectId: string;
  readonly dataset: string;
  readonly location: string;
  /** Such as `http://127.0.0.1:9050`, instead of Google, without credentials. */
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  /** On each job, for cost reports. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A page of results: jobs.query and jobs.getQueryResults answer alike. */
interface ResultPage {
  readonly jobComplete?: boolean;
  readonly jobReference?: { readonly jobId?: string; readonly location?: string };
  readonly schema?: { readonly fields?: readonly ResultColumn[] };
  readonly rows?: readonly RestRow[];
  readonly pageToken?: string;
}

interface RestRequest {
  readonly uri: string;
  readonly method?: string;
  readonly json?: object;
  readonly qs?: object;
}

/** How long one request waits for the answer of a query before it asks again. */
const POLL_MS = 10_000;

/** Stands for Google's credentials where none are wanted: nothing is looked up, nothing is sent. */
const NO_CREDENTIALS = { getRequestHeaders: async () => new Headers() };

/**
 * Runs queries through jobs.query, one round trip for a short one. The rows are read here rather than
 * by the client, which makes an object of every NUMERIC and TIMESTAMP.
 */
export class QueryRunner {
  readonly #options: QueryRunnerOptions;
  readonly #client: BigQuery;

  constructor(options: QueryRunnerOptions) {
    const { projectId, location, endpoint, timeoutMs } = options;
    this.#options = options;
    this.#client = new BigQuery({
      projectId,
      location,
      ...(endpoint && { apiEndpoint: endpoint, authClient: NO_CREDENTIALS as never }),
    });
    this.#client.timeout = timeoutMs;
    // The client takes BIGQUERY_EMULATOR_HOST from the environment as a whole URL, where it is a
    // host and a port everywhere else (measured with 9.3.0).
    if (endpoint) this.#client.baseUrl = `${endpoint}/bigquery/v2`;
  }

  /** @throws QueryTooCostly, WarehouseUnavailable and what an operator must put right */
  async run(
    query: QueryFile,
    params: Readonly<Record<string, CellValue>>,
  ): Promise<Record<string, CellValue>[]> {
    const { projectId, dataset, timeoutMs } = this.#options;
    const parameters = queryParameters(query, params);
    const aborter = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: aborter.signal }).then(() => {
      throw new WarehouseUnavailable(`The query ${query.name} took longer than ${timeoutMs} ms.`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#results(query, parameters, aborter.signal), late]);
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw queryProblem(error, query, `${projectId}.${dataset}`);
    } finally {
      aborter.abort();
    }
  }

  async #results(
    query: QueryFile,
    queryParameters: readonly object[],
    signal: AbortSignal,
  ): Promise<Record<string, CellValue>[]> {
    const results: Record<string, CellValue>[] = [];
    let page = await this.#request({
      method: 'POST',
      uri: '/queries',
      json: this.#queryRequest(query, queryParameters),
    });
    for (;;) {
      if (page.jobComplete) results.push(...resultRows(page.schema?.fields ?? [], page.rows ?? []));
      if ((page.jobComplete && !page.pageToken) || signal.aborted) return results;
      const { jobId, location } = page.jobReference ?? {};
      page = await this.#request({
        uri: `/queries/${jobId}`,
        qs: {
          location,
          pageToken: page.pageToken,
          timeoutMs: POLL_MS,
          'formatOptions.useInt64Timestamp': true,
        },
      });
    }
  }

  #queryRequest(query: QueryFile, queryParameters: readonly object[]) {
    const { projectId, dataset, location, timeoutMs, labels } = this.#options;
    return {
      query: query.sql,
      useLegacySql: false,
      defaultDataset: { projectId, datasetId: dataset },
      location,
      parameterMode: 'NAMED',
      queryParameters,
      maximumBytesBilled: String(query.maxBytesBilled),
      labels: { ...labels, query: query.name },
      timeoutMs: Math.min(timeoutMs, POLL_MS),
      // BigQuery stops what nobody waits for any more.
      jobTimeoutMs: String(timeoutMs),
      formatOptions: { useInt64Timestamp: true },
      // A request that the client repeats is the same query.
      requestId: randomUUID(),
    };
  }

  #request(request: RestRequest): Promise<ResultPage> {
    return new Promise((resolve, reject) => {
      this.#client.request(request, (error, answer) => {
        if (error) reject(error);
        else resolve(answer as ResultPage);
      });
    });
  }
}
