import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  InvalidRequest,
  PermissionMissing,
  QueryTooCostly,
  ResourceMissing,
  SchemaMismatch,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import type { QueryFile } from './query-files.ts';
import { QueryRunner } from './query-runner.ts';

// Real: the driver and Google's client. Doubled: BigQuery's REST API, by a server in this process.

interface Seen {
  readonly method: string | undefined;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown> | undefined;
}

const QUERY: QueryFile = {
  name: 'things',
  sql: 'SELECT @a, @b, @c',
  maxBytesBilled: 3 * 1024 ** 3,
  parameterTypes: { a: 'STRING', b: 'INT64', c: 'TIMESTAMP' },
};
const PARAMS = { a: null, b: 5, c: '2026-01-31T12:00:00.000Z' };
const EMPTY = { jobComplete: true, jobReference: { jobId: 'j1', location: 'EU' }, schema: {} };

let server: Server;
let seen: Seen[];
let answers: { readonly status?: number; readonly body: object }[];
let silent: boolean;

beforeEach(async () => {
  seen = [];
  answers = [];
  silent = false;
  server = createServer(async (request, response) => {
    const { method, headers } = request;
    const url = new URL(request.url ?? '', 'http://here');
    const body = await text(request);
    seen.push({
      method,
      url,
      authorization: headers.authorization,
      body: body ? JSON.parse(body) : undefined,
    });
    if (silent) return;
    const answer = answers.shift() ?? { body: EMPTY };
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function runner(timeoutMs = 10_000): QueryRunner {
  const { port } = server.address() as AddressInfo;
  return new QueryRunner({
    projectId: 'p',
    dataset: 'd',
    location: 'EU',
    endpoint: `http://127.0.0.1:${port}`,
    timeoutMs,
    labels: { product: 'tributary' },
  });
}

const failure = (status: number, reason: string, message: string) => ({
  status,
  body: { error: { code: status, message, errors: [{ reason, message, domain: 'global' }] } },
});

describe('a query', () => {
  it('is one request with its cap, its labels and typed parameters', async () => {
    expect(await runner().run(QUERY, PARAMS)).toEqual([]);
    expect(seen).toHaveLength(1);
    const [{ method, url, authorization, body } = {} as Seen] = seen;
    expect([method, url.pathname]).toEqual(['POST', '/bigquery/v2/projects/p/queries']);
    expect(authorization).toBeUndefined();
    expect(body).toMatchObject({
      query: QUERY.sql,
      useLegacySql: false,
      defaultDataset: { projectId: 'p', datasetId: 'd' },
      location: 'EU',
      maximumBytesBilled: '3221225472',
      labels: { product: 'tributary', query: 'things' },
      parameterMode: 'NAMED',
      queryParameters: [
        { name: 'a', parameterType: { type: 'STRING' }, parameterValue: { value: null } },
        { name: 'b', parameterType: { type: 'INT64' }, parameterValue: { value: '5' } },
        {
          name: 'c',
          parameterType: { type: 'TIMESTAMP' },
          parameterValue: { value: '2026-01-31T12:00:00.000Z' },
        },
      ],
    });
  });

  it('goes where it is told, also with the variable that the client reads by itself', async () => {
    vi.stubEnv('BIGQUERY_EMULATOR_HOST', '127.0.0.1:1');
    await runner().run(QUERY, PARAMS);
    expect(seen).toHaveLength(1);
  });

  it('gives values as the interface promises', async () => {
    const columns = [
      ['text', 'STRING', 'a'],
      ['whole', 'INTEGER', '9007199254740991'],
      ['large', 'INTEGER', '9223372036854775807'],
      ['yes', 'BOOLEAN', 'true'],
      ['no', 'BOOLEAN', 'false'],
      ['exact', 'NUMERIC', '-12345678901234567890123456789.123456789'],
      ['trimmed', 'NUMERIC', '12.500000000'],
      ['ten', 'NUMERIC', '10'],
      ['zero', 'NUMERIC', '0.000000000'],
      ['at', 'TIMESTAMP', '1769860800123999'],
      ['before', 'TIMESTAMP', '-1000'],
      ['day', 'DATE', '2026-01-31'],
      ['nothing', 'STRING', null],
    ] as const;
    const schema = { fields: columns.map(([name, type]) => ({ name, type })) };
    const rows = [{ f: columns.map(([, , v]) => ({ v })) }];
    answers = [{ body: { ...EMPTY, schema, rows } }];
    expect(await runner().run(QUERY, PARAMS)).toEqual([
      {
        text: 'a',
        whole: 9_007_199_254_740_991,
        large: '9223372036854775807',
        yes: true,
        no: false,
        exact: '-12345678901234567890123456789.123456789',
        trimmed: '12.5',
        ten: '10',
        zero: '0',
        at: '2026-01-31T12:00:00.123Z',
        before: '1969-12-31T23:59:59.999Z',
        day: '2026-01-31',
        nothing: null,
      },
    ]);
  });

  it('is waited for, and read to its last page', async () => {
    const schema = { fields: [{ name: 'n', type: 'INTEGER' }] };
    const page = (n: string, pageToken?: string) => ({
      body: { ...EMPTY, schema, rows: [{ f: [{ v: n }] }], ...(pageToken && { pageToken }) },
    });
    answers = [{ body: { ...EMPTY, jobComplete: false } }, page('1', 'next'), page('2')];
    expect(await runner().run(QUERY, PARAMS)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(seen.map(({ url }) => [url.pathname, url.searchParams.get('pageToken')])).toEqual([
      ['/bigquery/v2/projects/p/queries', null],
      ['/bigquery/v2/projects/p/queries/j1', null],
      ['/bigquery/v2/projects/p/queries/j1', 'next'],
    ]);
    expect(seen[1]?.url.searchParams.get('location')).toBe('EU');
    expect(seen[1]?.url.searchParams.get('formatOptions.useInt64Timestamp')).toBe('true');
  });

  it('ends in time when BigQuery is silent', async () => {
    silent = true;
    await expect(runner(200).run(QUERY, PARAMS)).rejects.toBeInstanceOf(WarehouseUnavailable);
  });

  it('ends in time when BigQuery is not there', async () => {
    const there = runner(500);
    await new Promise((resolve) => server.close(resolve));
    const startMs = performance.now();
    await expect(there.run(QUERY, PARAMS)).rejects.toBeInstanceOf(WarehouseUnavailable);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    server.listen(0, '127.0.0.1');
  });
});

describe('a stream', () => {
  const schema = { fields: [{ name: 'n', type: 'INT64' }] };
  const page = (values: readonly number[], pageToken?: string) => ({
    body: { ...EMPTY, schema, rows: values.map((n) => ({ f: [{ v: String(n) }] })), pageToken },
  });
  const read = async (stream: AsyncIterable<object[]>) => {
    const batches: object[][] = [];
    for await (const rows of stream) batches.push(rows);
    return batches;
  };

  it('is the pages of one job, asked for one by one, without the empty ones', async () => {
    answers = [
      { body: { jobComplete: false, jobReference: EMPTY.jobReference } },
      page([1, 2], 'second'),
      page([], 'third'),
      page([3]),
    ];
    expect(await read(runner().stream(QUERY, PARAMS))).toEqual([[{ n: 1 }, { n: 2 }], [{ n: 3 }]]);
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'GET']);
    expect(seen.map(({ url }) => url.searchParams.get('pageToken'))).toEqual([
      null,
      null,
      'second',
      'third',
    ]);
    expect(seen[0]?.body).toMatchObject({ maxResults: 5_000, jobTimeoutMs: '300000' });
    expect(seen[2]?.url.searchParams.get('maxResults')).toBe('5000');
  });

  it('asks for at most one page more when it is left early', async () => {
    answers = [page([1], 'a'), page([2], 'b'), page([3], 'c'), page([4])];
    for await (const rows of runner().stream(QUERY, PARAMS)) {
      expect(rows).toEqual([{ n: 1 }]);
      break;
    }
    await vi.waitFor(() => expect(seen).toHaveLength(2));
  });

  it('fails where a page fails, with what came before', async () => {
    answers = [
      page([1], 'a'),
      ...Array.from({ length: 10 }, () => failure(403, 'quotaExceeded', 'Quota exceeded')),
    ];
    const stream = runner(1_000).stream(QUERY, PARAMS);
    expect(await stream.next()).toEqual({ done: false, value: [{ n: 1 }] });
    await expect(stream.next()).rejects.toBeInstanceOf(WarehouseUnavailable);
  });

  it('refuses wrong parameters before it asks', async () => {
    await expect(runner().stream(QUERY, {}).next()).rejects.toBeInstanceOf(InvalidRequest);
    expect(seen).toEqual([]);
  });
});

describe('parameters', () => {
  it.each([
    ['one is missing', { a: null, b: 5 }, 'c'],
    ['one is unknown', { ...PARAMS, d: 1 }, 'd'],
    ['a whole number is text', { ...PARAMS, b: '5' }, 'a safe integer for b'],
    ['an instant has no zone', { ...PARAMS, c: '2026-01-31T12:00:00' }, 'an instant'],
  ] as const)('are refused when %s', async (_what, params, says) => {
    const refused = runner().run(QUERY, params as never);
    await expect(refused).rejects.toBeInstanceOf(InvalidRequest);
    await expect(refused).rejects.toThrow(says);
    expect(seen).toEqual([]);
  });
});

describe('a query that BigQuery refuses', () => {
  // Messages as BigQuery words them.
  const cases = [
    {
      what: 'would cost too much',
      answer: failure(
        400,
        'bytesBilledLimitExceeded',
        'Query exceeded limit for bytes billed: 3221225472. 5368709120 or higher required.',
      ),
      problem: QueryTooCostly,
      says: 'cap of 3 GiB',
    },
    {
      what: 'may not make jobs',
      answer: failure(
        403,
        'accessDenied',
        'Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.',
      ),
      problem: PermissionMissing,
      says: 'bigquery.jobs.create on project p',
    },
    {
      what: 'may not read a table',
      answer: failure(
        403,
        'accessDenied',
        'Access Denied: Table p:d.things: User does not have permission to query table p:d.things, or perhaps it does not exist.',
      ),
      problem: PermissionMissing,
      says: 'bigquery.tables.getData on table p:d.things',
    },
    {
      what: 'has no credentials that count',
      answer: failure(401, 'authError', 'Request had invalid authentication credentials.'),
      problem: PermissionMissing,
      says: 'credentials',
    },
    {
      what: 'reads a table there is not',
      answer: failure(404, 'notFound', 'Not found: Table p:d.things was not found in location EU'),
      problem: ResourceMissing,
      says: 'p:d.things',
    },
    {
      what: 'reads a column there is not',
      answer: failure(400, 'invalidQuery', 'Unrecognized name: colour at [1:8]'),
      problem: SchemaMismatch,
      says: 'things',
    },
    {
      what: 'is over a quota',
      answer: failure(403, 'quotaExceeded', 'Quota exceeded'),
      problem: WarehouseUnavailable,
      says: 'things',
    },
  ];

  it.each(cases)('because it $what', async ({ answer, problem, says }) => {
    answers = Array.from({ length: 10 }, () => answer);
    const refused = runner(1_000).run(QUERY, PARAMS);
    await expect(refused).rejects.toBeInstanceOf(problem);
    await expect(refused).rejects.toThrow(says);
  });
});
