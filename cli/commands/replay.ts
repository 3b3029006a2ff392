import { setTimeout as delay } from 'node:timers/promises';
import { readConfig } from '#platform/config/config.ts';
import { type Api, openApi, type View } from '../api-client.ts';
import { confirm } from '../confirm.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';
import { estimateText, progressText, replayText } from '../replay-text.ts';

export interface PredicateOptions {
  readonly from?: string;
  readonly to?: string;
  readonly type?: string;
  readonly connection?: string;
  readonly provider?: string;
  readonly entityType?: string;
  readonly entity?: string;
  readonly org?: string;
}

export interface ReplayOptions extends PredicateOptions {
  readonly predicate?: string;
  readonly consumer?: string;
  readonly again?: boolean;
  readonly rate?: number;
  readonly max?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const FOLLOW_MS = 1_000;
const ENDED: readonly string[] = ['finished', 'cancelled', 'failed', 'paused'];

/** `tributary replay`: the estimate first, then the replay. */
export async function replay(options: ReplayOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const body = requestOf(options);
  const estimate = await api.post('/v1/replays', { body: { ...body, dry_run: true } });
  if (!('cost' in estimate)) throw new Error('The server does not know dry runs.');
  if (options.dryRun) {
    return options.json ? printJson(estimate) : void process.stdout.write(estimateText(estimate));
  }
  process.stderr.write(estimateText(estimate));
  if (!options.yes && !(await confirm(`Publish ${estimate.events} events again?`))) {
    throw new CommandFailed('Nothing was published.', EXIT.usage);
  }
  const made = await api.post('/v1/replays', { body });
  if (!('id' in made)) throw new Error('The server has made no replay.');
  const shown = options.follow ? await follow(api, made.id) : made;
  if (options.json) printJson(shown);
  else process.stdout.write(replayText(shown));
  if (options.follow && shown.state !== 'finished') process.exitCode = EXIT.failed;
}

/** `tributary replay list`. */
export async function listReplays(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { replays } = await api.get('/v1/replays');
  if (options.json) return printJson(replays);
  printTable(
    ['ID', 'STATE', 'PUBLISHED', 'MATCHED', 'MODE', 'CONSUMER', 'CREATED', 'BY'],
    replays.map((one) => [
      one.id,
      one.state,
      String(one.published),
      String(one.matched),
      one.mode,
      one.consumer ?? 'all',
      one.created_at,
      printable(one.created_by),
    ]),
  );
}

/** `tributary replay show <id>`. */
export async function showReplay(id: string, options: ShowOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const found = options.follow
    ? await follow(api, id)
    : await api.get('/v1/replays/{id}', { params: { path: { id } } });
  if (options.json) printJson(found);
  else process.stdout.write(replayText(found));
}

export interface ShowOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** `tributary replay pause|resume|cancel <id>`. */
export async function moveReplay(id: string, move: 'pause' | 'resume' | 'cancel'): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const moved = await api.post(`/v1/replays/{id}/${move}`, { params: { path: { id } } });
  process.stdout.write(replayText(moved));
}

/** `tributary replay save <name>`. */
export async function savePredicate(name: string, options: PredicateOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const params = { path: { name } };
  const body = predicateOf(options);
  printJson(await api.put('/v1/replay-predicates/{name}', { params, body }));
}

function predicateOf(options: PredicateOptions) {
  return {
    received_from: options.from,
    received_to: options.to,
    event_type: options.type,
    connection_id: options.connection,
    provider: options.provider,
    entity_type: options.entityType,
    entity_id: options.entity,
    org_id: options.org,
  };
}

function requestOf(options: ReplayOptions) {
  return {
    predicate: predicateOf(options),
    predicate_name: options.predicate,
    consumer: options.consumer,
    mode: options.again ? ('again' as const) : ('missing' as const),
    rate_per_second: options.rate,
    max_events: options.max,
  };
}

/** Shows progress until it ends or is paused. */
async function follow(api: Api, id: string): Promise<View<'Replay'>> {
  for (;;) {
    const found = await api.get('/v1/replays/{id}', { params: { path: { id } } });
    process.stderr.write(progressText(found));
    if (ENDED.includes(found.state)) return found;
    await delay(FOLLOW_MS);
  }
}
