import { parseArgs } from 'node:util';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { gcp } from './cloud.ts';
import { lineOf, startProcess, stopProcess } from './processes.ts';

const TOKEN = 'a-token-of-at-least-twenty-letters';
const LABELLED = '{"region":"eu"}';

/** What is asked for, each as often as the others. */
const LISTS = [
  { name: 'first page', query: 'limit=50' },
  { name: 'page by cursor', query: 'limit=50&cursor=NEXT' },
  { name: 'by provider and status', query: 'limit=50&provider=zoho&status=error' },
  { name: 'by label', query: 'limit=50&label=region:eu' },
  { name: 'by part of the name', query: 'limit=50&q=number 77' },
  { name: 'by a name nobody has', query: 'limit=50&q=nowhere' },
];

/**
 * `npm run bench -- connections`: the list of connections of a tenant that has 10,000, over HTTP, on a
 * real PostgreSQL with row-level security, beside `/healthz` of the same process.
 */
export async function benchConnections(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '10000' },
      requests: { type: 'string', default: '2000' },
      clients: { type: 'string', default: '4' },
    },
  });
  const installation = await gcp();
  const env = {
    ...installation.env,
    TRIBUTARY_API_TOKEN: TOKEN,
    TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '100000',
    TRIBUTARY_ROLE: 'control',
  };
  const child = startProcess('cli/main.ts', ['serve'], env);
  try {
    await lineOf(child, (line) => line.includes('"msg":"Ready"'));
    await seed(installation.env, Number(values.rows));
    const url = `http://127.0.0.1:${installation.env.TRIBUTARY_PORT}`;
    const first = await fetch(`${url}/v1/connections?limit=500`, headers());
    const { next_cursor: next } = (await first.json()) as { next_cursor: string };
    const requests = Number(values.requests);
    const clients = Number(values.clients);
    const run = (path: string) => measure(`${url}${path}`, requests, clients);
    await run('/healthz');
    const reference = await run('/healthz');
    print('/healthz', reference, reference);
    for (const { name, query } of LISTS) {
      const path = `/v1/connections?${query.replace('NEXT', encodeURIComponent(next))}`;
      await measure(`${url}${path}`, Math.ceil(requests / 10), clients);
      print(name, await run(path), reference);
    }
  } finally {
    await stopProcess(child);
    await installation.stop();
  }
}

const headers = () => ({
  headers: { authorization: `Bearer ${TOKEN}`, 'x-org-id': 'platform' },
});

/** As many connections of the configured tenant, half as many again of its organisations, and of others. */
async function seed(env: Readonly<Record<string, string | undefined>>, rows: number) {
  const connection = {
    host: env.PGHOST ?? '',
    port: Number(env.PGPORT),
    user: env.PGUSER ?? '',
    password: env.PGPASSWORD,
    database: env.PGDATABASE ?? '',
  };
  const database = openPostgres({ connection, poolSize: 1 });
  for (const [tenant, org] of [
    ['default', null],
    ['default', 'org_1'],
    ['other', null],
  ] as const) {
    await database.query(
      `INSERT INTO connections (id, tenant_id, org_id, provider, name, secret_ref, status, labels, created_at)
       SELECT concat_ws('_', 'con', $1::text, $2::text, n), $1, $2,
         (ARRAY['hubspot', 'zoho', 'zenoti'])[1 + n % 3], 'number ' || n, 'ref/' || n,
         CASE WHEN n % 50 = 0 THEN 'error' ELSE 'active' END,
         CASE WHEN n % 10 = 0 THEN $4::jsonb ELSE '{}' END,
         timestamptz '2026-01-01' + n * interval '1 minute'
       FROM generate_series(1, $3::int) AS n`,
      [tenant, org, org === null ? rows : Math.floor(rows / 2), LABELLED],
    );
  }
  await database.query('ANALYZE connections');
  await database.close();
}

/** Latencies in ms, sorted. */
async function measure(url: string, requests: number, clients: number): Promise<number[]> {
  const timesMs: number[] = [];
  let left = requests;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const startedAt = performance.now();
      const answer = await fetch(url, headers());
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
      timesMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return timesMs.toSorted((a, b) => a - b);
}

function print(name: string, timesMs: readonly number[], reference: readonly number[]): void {
  const at = (times: readonly number[], share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const ms = (value: number) => `${value.toFixed(1).padStart(7)} ms`;
  const ratio = at(timesMs, 0.5) / at(reference, 0.5);
  process.stdout.write(
    `${name.padEnd(24)} p50 ${ms(at(timesMs, 0.5))}  p99 ${ms(at(timesMs, 0.99))}  ratio ${ratio.toFixed(1)}\n`,
  );
}
