import { readConfig } from '#platform/config/config.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { openApi } from '../api-client.ts';
import { eventMessages } from '../event-stream.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable } from '../output.ts';

export interface TailOptions {
  readonly json?: boolean;
  /** Ends after this many events. */
  readonly count?: number;
}

/** `tributary tail`: events as they pass on the bus, until Ctrl-C. */
export async function tail(options: TailOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const stream = await api.raw.GET('/v1/events/stream', { parseAs: 'stream' });
  process.stderr.write(`Waiting for events of ${api.url} (Ctrl-C ends)\n`);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  for await (const data of eventMessages(stream.data ?? null)) {
    const event = JSON.parse(data) as CanonicalEvent;
    process.stdout.write(`${options.json ? data : eventLine(event)}\n`);
    left -= 1;
    if (left <= 0) return;
  }
  throw new CommandFailed('The server closed the stream.', EXIT.serverUnreachable);
}

/** One event on one line. */
export function eventLine(event: CanonicalEvent): string {
  const { event_type, entity_id, provider, event_id } = event;
  const time = event.received_at.slice(11, 23);
  return `${time}  ${provider.padEnd(10)} ${event_type.padEnd(21)} ${event_id}  ${printable(entity_id)}`;
}
