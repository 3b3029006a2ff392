import { readConfig } from '#platform/config/config.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { ApiClient } from '../api-client.ts';
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
  const api = await ApiClient.open(readConfig(process.env));
  if (id !== undefined) return printJson(await api.get(`/v1/events/${encodeURIComponent(id)}`));
  const query = new URLSearchParams({ limit: String(options.limit) });
  const filters = {
    event_type: options.type,
    connection_id: options.connection,
    provider: options.provider,
    entity_id: options.entity,
    received_from: options.from,
    received_to: options.to,
  };
  for (const [name, value] of Object.entries(filters))
    if (value !== undefined) query.set(name, value);
  const page = await api.get<{ events: CanonicalEvent[]; next_cursor: string | null }>(
    `/v1/events?${query}`,
  );
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
