import { userInfo } from 'node:os';
import { readConfig } from '#platform/config/config.ts';
import { openApi, type View } from '../api-client.ts';
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

/** `tributary dead-letters list`: latest first failure first. */
export async function listDeadLetters(
  options: FilterOptions & {
    readonly limit: number;
    readonly cursor?: string;
    readonly json?: boolean;
  },
): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { limit, cursor } = options;
  const query = { limit, cursor, ...filterOf(options) };
  const page = await api.get('/v1/dead-letters', { params: { query } });
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
  const api = await openApi(readConfig(process.env));
  printJson(await api.get('/v1/dead-letters/{id}', { params: { path: { id } } }));
}

/** `tributary dead-letters retry [id]`, or `--all` with filters. */
export async function retryDeadLetters(
  id: string | undefined,
  options: ManyOptions,
): Promise<void> {
  assertOneOrMany(id, options);
  const api = await openApi(readConfig(process.env));
  const body = { by: userInfo().username };
  if (id !== undefined) {
    const params = { path: { id } };
    return printOne(await api.post('/v1/dead-letters/{id}/retry', { params, body }));
  }
  const filter = filterOf(options);
  await actOnAll('retried', options, async (cursor) => {
    const done = await api.post('/v1/dead-letters/retry', { body: { ...body, filter, cursor } });
    return { count: done.retried, next: done.next_cursor };
  });
}

/** `tributary dead-letters drop [id] --reason TEXT`, or `--all` with filters. */
export async function dropDeadLetters(
  id: string | undefined,
  options: ManyOptions & { readonly reason: string },
): Promise<void> {
  assertOneOrMany(id, options);
  const api = await openApi(readConfig(process.env));
  const body = { by: userInfo().username, reason: options.reason };
  if (id !== undefined) {
    const params = { path: { id } };
    return printOne(await api.post('/v1/dead-letters/{id}/drop', { params, body }));
  }
  const filter = filterOf(options);
  await actOnAll('dropped', options, async (cursor) => {
    const done = await api.post('/v1/dead-letters/drop', { body: { ...body, filter, cursor } });
    return { count: done.dropped, next: done.next_cursor };
  });
}

function assertOneOrMany(id: string | undefined, options: ManyOptions): void {
  const isMany = options.all === true;
  const isFiltered = Object.values(filterOf(options)).some((value) => value !== undefined);
  if (isMany === (id !== undefined) || (!isMany && isFiltered)) {
    throw new CommandFailed(
      'Name one dead letter by its id, or all that filters name with --all.',
      EXIT.usage,
    );
  }
}

function printOne({ id, consumer, state }: View<'DeadLetter'>): void {
  printJson({ id, consumer, state });
}

/** Acts on some after the other until all are done. */
async function actOnAll(
  word: 'retried' | 'dropped',
  { json }: ManyOptions,
  act: (cursor: string | undefined) => Promise<{ count: number; next: string | null }>,
): Promise<void> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const done = await act(cursor);
    count += done.count;
    cursor = done.next ?? undefined;
    if (cursor !== undefined) process.stderr.write(`${count} ${word} so far\n`);
  } while (cursor !== undefined);
  if (json) return printJson({ [word]: count });
  process.stdout.write(`${count} ${word}\n`);
}

/** The filters that were given, by the names the API has for them. The server says which states there are. */
function filterOf(options: FilterOptions) {
  return {
    consumer: options.consumer,
    state: options.state as View<'DeadLetter'>['state'] | undefined,
    event_type: options.type,
    connection_id: options.connection,
    entity_id: options.entity,
    reason: options.failure,
  };
}
