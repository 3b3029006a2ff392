import { userInfo } from 'node:os';
import { readConfig } from '#platform/config/config.ts';
import { ApiClient } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';

export interface FilterOptions {
  readonly consumer?: string;
  readonly state?: string;
  readonly type?: string;
  readonly connection?: string;
  readonly entity?: string;
  readonly failure?: string;
}

export interface ManyOptions extends FilterOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

interface LetterView {
  readonly id: string;
  readonly consumer: string;
  readonly state: string;
  readonly reason: string;
  readonly attempts: number;
  readonly event_type: string | null;
  readonly entity_id: string | null;
  readonly last_failed_at: string;
}

const PATH = '/v1/dead-letters';

/** `tributary dead-letters list`: latest first failure first. */
export async function listDeadLetters(
  options: FilterOptions & {
    readonly limit: number;
    readonly cursor?: string;
    readonly json?: boolean;
  },
): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const query = new URLSearchParams({ limit: String(options.limit), ...filterOf(options) });
  if (options.cursor !== undefined) query.set('cursor', options.cursor);
  const page = await api.get<{ dead_letters: LetterView[]; next_cursor: string | null }>(
    `${PATH}?${query}`,
  );
  if (options.json) return printJson(page);
  printTable(
    ['LAST FAILED', 'CONSUMER', 'STATE', 'ATTEMPTS', 'REASON', 'TYPE', 'ENTITY', 'ID'],
    page.dead_letters.map((one) => [
      one.last_failed_at,
      printable(one.consumer),
      one.state,
      String(one.attempts),
      one.reason,
      printable(one.event_type ?? '-'),
      printable(one.entity_id ?? '-'),
      one.id,
    ]),
  );
  if (page.next_cursor !== null)
    process.stderr.write(`There are more; go on with --cursor ${page.next_cursor}\n`);
}

/** `tributary dead-letters show <id>`: with its attempts and its message, as JSON. */
export async function showDeadLetter(id: string): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  printJson(await api.get(`${PATH}/${encodeURIComponent(id)}`));
}

/** `tributary dead-letters retry [id]`, or `--all` with filters. */
export async function retryDeadLetters(
  id: string | undefined,
  options: ManyOptions,
): Promise<void> {
  await act('retry', id, options, {});
}

/** `tributary dead-letters drop [id] --reason TEXT`, or `--all` with filters. */
export async function dropDeadLetters(
  id: string | undefined,
  options: ManyOptions & { readonly reason: string },
): Promise<void> {
  await act('drop', id, options, { reason: options.reason });
}

async function act(
  action: 'retry' | 'drop',
  id: string | undefined,
  options: ManyOptions,
  extra: { readonly reason?: string },
): Promise<void> {
  const filter = filterOf(options);
  const isMany = options.all === true;
  if (isMany === (id !== undefined) || (!isMany && Object.keys(filter).length > 0)) {
    throw new CommandFailed(
      'Name one dead letter by its id, or all that filters name with --all.',
      EXIT.usage,
    );
  }
  const api = await ApiClient.open(readConfig(process.env));
  const body = { ...extra, by: userInfo().username };
  if (id !== undefined) {
    const one = await api.send<LetterView>(
      'POST',
      `${PATH}/${encodeURIComponent(id)}/${action}`,
      body,
    );
    return printJson({ id: one.id, consumer: one.consumer, state: one.state });
  }
  const word = action === 'retry' ? 'retried' : 'dropped';
  let count = 0;
  let cursor: string | null | undefined;
  do {
    const done: { retried?: number; dropped?: number; next_cursor: string | null } = await api.send(
      'POST',
      `${PATH}/${action}`,
      { ...body, filter, ...(cursor && { cursor }) },
    );
    count += done[word] ?? 0;
    cursor = done.next_cursor;
    if (cursor !== null) process.stderr.write(`${count} ${word} so far\n`);
  } while (cursor !== null);
  if (options.json) return printJson({ [word]: count });
  process.stdout.write(`${count} ${word}\n`);
}

/** The filters that were given, by the names the API has for them. */
function filterOf(options: FilterOptions): Record<string, string> {
  const filters = {
    consumer: options.consumer,
    state: options.state,
    event_type: options.type,
    connection_id: options.connection,
    entity_id: options.entity,
    reason: options.failure,
  };
  return Object.fromEntries(
    Object.entries(filters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
}
