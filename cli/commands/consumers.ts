import { readConfig } from '#platform/config/config.ts';
import { openApi } from '../api-client.ts';
import { printable, printJson, printTable } from '../output.ts';

/** `tributary consumers list`: whether each goes on, and what waits. */
export async function listConsumers(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { consumers } = await api.get('/v1/consumers');
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
  const api = await openApi(readConfig(process.env));
  const params = { path: { name } };
  const consumer = await api.post('/v1/consumers/{name}/resume', { params });
  printJson({ name: consumer.name, state: consumer.state });
}
