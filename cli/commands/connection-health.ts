import { readConfig } from '#platform/config/config.ts';
import { ApiClient } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';
import { sinceInstant } from '../since.ts';

interface HealthView {
  readonly connection_id: string;
  readonly status: string;
  readonly reason: string;
  readonly interval_seconds: number;
  readonly last_check_at: string | null;
  readonly next_check_at: string | null;
  readonly circuit: { readonly state: string; readonly retry_at: string | null };
  readonly windows: readonly {
    readonly window: string;
    readonly checks: number;
    readonly failed: number;
    readonly uptime: string | null;
    readonly p50_ms: number | null;
    readonly p95_ms: number | null;
    readonly max_ms: number | null;
  }[];
  readonly recent_errors: readonly {
    readonly checked_at: string;
    readonly code: string | null;
    readonly detail: string | null;
  }[];
}

interface CheckView {
  readonly outcome: string;
  readonly code: string | null;
  readonly detail: string | null;
}

interface LogLine {
  readonly logged_at: string;
  readonly level: string;
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly occurrences: number;
}

export interface LogOptions {
  readonly level?: string;
  readonly kind?: string;
  readonly since?: string;
  readonly text?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

const pathOf = (id: string) => `/v1/connections/${encodeURIComponent(id)}`;

/** `tributary connections health <id>`: how well it is; fails when it is failing. */
export async function showHealth(id: string, options: { readonly json?: boolean }): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const health = await api.get<HealthView>(`${pathOf(id)}/health`);
  if (options.json) printJson(health);
  else printHealth(health);
  if (health.status === 'failing') throw new CommandFailed(`Connection ${id} is failing.`);
}

function printHealth(health: HealthView): void {
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
  const api = await ApiClient.open(readConfig(process.env));
  const query = new URLSearchParams({ limit: String(options.limit) });
  const { level, kind, text, cursor, since } = options;
  const from = since === undefined ? undefined : sinceInstant(since, Date.now());
  for (const [name, value] of Object.entries({ level, kind, text, cursor, from })) {
    if (value !== undefined) query.set(name, value);
  }
  const page = await api.get<{ logs: LogLine[]; next_cursor: string | null }>(
    `${pathOf(id)}/logs?${query}`,
  );
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
  const api = await ApiClient.open(readConfig(process.env));
  if (id !== undefined) {
    const result = await api.send<CheckView>('POST', `${pathOf(id)}/health/check`, undefined);
    printJson(result);
    if (result.outcome === 'failed') throw new CommandFailed(`The check of ${id} failed.`);
    return;
  }
  const answer = await api.send<{ readonly failed: number }>('POST', '/v1/health/check', undefined);
  printJson(answer);
  if (answer.failed > 0)
    throw new CommandFailed(`The checks of ${answer.failed} connections failed.`);
}
