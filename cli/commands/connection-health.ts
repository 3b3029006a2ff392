import { readConfig } from '#platform/config/config.ts';
import type { paths } from '../../client/generated/api.ts';
import type { Answer } from '../../client/tributary-client.ts';
import { openApi } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';
import { sinceInstant } from '../since.ts';

type LogQuery = NonNullable<paths['/v1/connections/{id}/logs']['get']['parameters']['query']>;

export interface LogOptions {
  readonly level?: string;
  readonly kind?: string;
  readonly since?: string;
  readonly text?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

/** `tributary connections health <id>`: how well it is; fails when it is failing. */
export async function showHealth(id: string, options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const health = await api.get('/v1/connections/{id}/health', { params: { path: { id } } });
  if (options.json) printJson(health);
  else printHealth(health);
  if (health.status === 'failing') throw new CommandFailed(`Connection ${id} is failing.`);
}

function printHealth(health: Answer<'/v1/connections/{id}/health', 'get'>): void {
  const { circuit, status, reason } = health;
  const lines = [
    `${status}${reason && `: ${printable(reason)}`}`,
    `circuit ${circuit.state}${circuit.retry_at === null ? '' : `, a call may pass at ${circuit.retry_at}`}`,
    `last check ${health.last_check_at ?? 'none'}, next ${health.next_check_at ?? 'none'}, every ${health.interval_seconds} s`,
  ];
  process.stdout.write(`${lines.join('\n')}\n\n`);
  const ms = (value: number | null) => (value === null ? '-' : String(value));
  printTable(
    ['WINDOW', 'CHECKS', 'FAILED', 'UPTIME', 'P50 MS', 'P95 MS', 'MAX MS'],
    health.windows.map((one) => [
      one.window,
      String(one.checks),
      String(one.failed),
      one.uptime ?? '-',
      ms(one.p50_ms),
      ms(one.p95_ms),
      ms(one.max_ms),
    ]),
  );
  if (health.recent_errors.length === 0) return;
  process.stdout.write('\n');
  printTable(
    ['FAILED AT', 'CODE', 'DETAIL'],
    health.recent_errors.map((one) => [
      one.checked_at,
      one.code ?? '-',
      printable(one.detail ?? '-'),
    ]),
  );
}

/** `tributary connections logs <id>`: latest first. */
export async function showLogs(id: string, options: LogOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { limit, level, kind, text, cursor, since } = options;
  const from = since === undefined ? undefined : sinceInstant(since, Date.now());
  // What is none is refused by the server, in words.
  const query = { limit, level, kind, text, cursor, from } as LogQuery;
  const page = await api.get('/v1/connections/{id}/logs', { params: { path: { id }, query } });
  if (options.json) return printJson(page);
  printTable(
    ['AT', 'LEVEL', 'KIND', 'CODE', 'TIMES', 'MESSAGE'],
    page.logs.map((one) => [
      one.logged_at,
      one.level,
      one.kind,
      printable(one.code),
      String(one.occurrences),
      printable(one.message),
    ]),
  );
  if (page.next_cursor !== null)
    process.stderr.write(`There are more; go on with --cursor ${page.next_cursor}\n`);
}

/** `tributary connections check <id>`, or `--all`: checks now; fails when a check does. */
export async function checkConnections(
  id: string | undefined,
  options: { readonly all?: boolean },
): Promise<void> {
  if ((options.all === true) === (id !== undefined)) {
    throw new CommandFailed('Name one connection by its id, or all with --all.', EXIT.usage);
  }
  const api = await openApi(readConfig(process.env));
  if (id !== undefined) {
    const params = { path: { id } };
    const result = await api.post('/v1/connections/{id}/health/check', { params });
    printJson(result);
    if (result.outcome === 'failed') throw new CommandFailed(`The check of ${id} failed.`);
    return;
  }
  const answer = await api.post('/v1/health/check');
  printJson(answer);
  if (answer.failed > 0)
    throw new CommandFailed(`The checks of ${answer.failed} connections failed.`);
}
