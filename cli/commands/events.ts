import { readConfig } from '#platform/config/config.ts';
import { openApi } from '../api-client.ts';
import { printable, printJson, printTable } from '../output.ts';

export interface EventsOptions {
  readonly type?: string;
  readonly connection?: string;
  readonly provider?: string;
  readonly entity?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `tributary events [id]`: the outbox, newest first, or one event whole. */
export async function events(id: string | undefined, options: EventsOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  if (id !== undefined) {
    return printJson(
      await api.get('/v1/events/{event_id}', { params: { path: { event_id: id } } }),
    );
  }
  const query = {
    limit: options.limit,
    event_type: options.type,
    connection_id: options.connection,
    provider: options.provider,
    entity_id: options.entity,
    received_from: options.from,
    received_to: options.to,
  };
  const page = await api.get('/v1/events', { params: { query } });
  if (options.json) return printJson(page);
  printTable(
    ['RECEIVED', 'TYPE', 'ENTITY', 'PROVIDER', 'EVENT ID'],
    page.events.map((event) => [
      event.received_at,
      event.event_type,
      printable(event.entity_id),
      event.provider,
      event.event_id,
    ]),
  );
  if (page.next_cursor !== null)
    process.stderr.write('There are more; narrow the filters or raise --limit.\n');
}
