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
/** How long the job of a stream may take until its first row. */
const STREAM_JOB_MS = 300_000;
/** Rows of a page of a stream; BigQuery gives fewer where they are long. */
const PAGE_ROWS = 5_000;

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
    const { timeoutMs } = this.#options;
    const parameters = queryParameters(query, params);
    const aborter = new AbortController();
    const results = async () => {
      const all: Record<string, CellValue>[] = [];
      const request = this.#queryRequest(query, parameters, timeoutMs);
      for await (const rows of this.#pages(request, aborter.signal)) all.push(...rows);
      return all;
    };
    try {
      return await this.#inTime(results(), query, timeoutMs);
    } catch (error) {
      throw this.#problem(error, query);
    } finally {
      aborter.abort();
    }
  }

  /**
   * The rows of one job, a page at a time; the page after it is on its way while one is used. A page
   * can be asked for a day long: that is how slowly rows may be taken.
   *
   * @throws as `run`; the job itself may take STREAM_JOB_MS
   */
  async *stream(
    query: QueryFile,
    params: Readonly<Record<string, CellValue>>,
  ): AsyncGenerator<Record<string, CellValue>[]> {
    const parameters = queryParameters(query, params);
    const request = this.#queryRequest(query, parameters, STREAM_JOB_MS);
    const aborter = new AbortController();
    const pages = this.#pages({ ...request, maxResults: PAGE_ROWS }, aborter.signal);
    const next = (waitMs: number) => this.#inTime(pages.next(), query, waitMs);
    try {
      for (let page = await next(STREAM_JOB_MS); !page.done; ) {
        const following = next(this.#options.timeoutMs);
        following.catch(() => undefined);
        if (page.value.length > 0) yield page.value;
        page = await following;
      }
    } catch (error) {
      throw this.#problem(error, query);
    } finally {
      aborter.abort();
    }
  }

  async *#pages(
    request: object,
    signal: AbortSignal,
  ): AsyncGenerator<Record<string, CellValue>[], undefined> {
    let page = await this.#request({ method: 'POST', uri: '/queries', json: request });
    for (;;) {
      if (page.jobComplete) yield resultRows(page.schema?.fields ?? [], page.rows ?? []);
      if ((page.jobComplete && !page.pageToken) || signal.aborted) return;
      const { jobId, location } = page.jobReference ?? {};
      page = await this.#request({
        uri: `/queries/${jobId}`,
        qs: {
          location,
          pageToken: page.pageToken,
          timeoutMs: POLL_MS,
          ...('maxResults' in request && { maxResults: request.maxResults }),
          'formatOptions.useInt64Timestamp': true,
        },
      });
    }
  }

  async #inTime<Result>(
    work: Promise<Result>,
    { name }: QueryFile,
    waitMs: number,
  ): Promise<Result> {
    const over = new AbortController();
    const late = delay(waitMs, undefined, { signal: over.signal }).then(() => {
      throw new WarehouseUnavailable(`The query ${name} took longer than ${waitMs} ms.`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      over.abort();
    }
  }

  #problem(error: unknown, query: QueryFile): Problem {
    const { projectId, dataset } = this.#options;
    return error instanceof Problem ? error : queryProblem(error, query, `${projectId}.${dataset}`);
  }

  #queryRequest(query: QueryFile, queryParameters: readonly object[], jobTimeoutMs: number) {
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
      jobTimeoutMs: String(jobTimeoutMs),
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
