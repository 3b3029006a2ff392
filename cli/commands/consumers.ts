import { readConfig } from '#platform/config/config.ts';
import { ApiClient } from '../api-client.ts';
import { printable, printJson, printTable } from '../output.ts';

interface ConsumerView {
  readonly name: string;
  readonly topic: string;
  readonly state: string;
  readonly stopped_reason: string | null;
  readonly stopped_event_id: string | null;
  readonly open_dead_letters: number;
  readonly retrying: number;
  readonly backlog_messages: number | null;
}

/** `tributary consumers list`: whether each goes on, and what waits. */
export async function listConsumers(options: { readonly json?: boolean }): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const { consumers } = await api.get<{ consumers: ConsumerView[] }>('/v1/consumers');
  if (options.json) return printJson(consumers);
  printTable(
    ['NAME', 'STATE', 'BACKLOG', 'RETRYING', 'DEAD LETTERS', 'STOPPED BY', 'AT EVENT'],
    consumers.map((one) => [
      printable(one.name),
      one.state,
      String(one.backlog_messages ?? '-'),
      String(one.retrying),
      String(one.open_dead_letters),
      one.stopped_reason ?? '-',
      one.stopped_event_id ?? '-',
    ]),
  );
}

/** `tributary consumers resume <name>`: lets one that stopped go on. */
export async function resumeConsumer(name: string): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const path = `/v1/consumers/${encodeURIComponent(name)}/resume`;
  const consumer = await api.send<ConsumerView>('POST', path, undefined);
  printJson({ name: consumer.name, state: consumer.state });
}
