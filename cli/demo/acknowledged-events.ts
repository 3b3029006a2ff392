import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { BoundAdapter } from '#adapters/kit/adapter.ts';
import type { OutgoingRequest } from '#adapters/kit/sandbox/contract.ts';
import { eventId } from '#schemas/event-id.ts';
import type { TributaryClient } from '../../client/tributary-client.ts';
import { allOf } from '../all-pages.ts';

/** Which events must be in the outbox, whatever happened to the server since. */
export interface Audit {
  readonly acknowledged: number;
  readonly inOutbox: number;
  readonly missing: readonly string[];
}

/** A connection whose sender keeps a record. */
export interface Sender {
  readonly tenantId: string;
  readonly connectionId: string;
  /** The adapter, bound to the settings of the connection. */
  readonly adapter: BoundAdapter;
}

/**
 * The senders' own record: the ids of all events whose webhook was answered 2xx. Kept apart from
 * the server's data, so that the two can be compared after a kill -9.
 */
export class AcknowledgedEvents {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Notes the events of an acknowledged request; on return they survive the end of the process. */
  note({ tenantId, connectionId, adapter }: Sender, request: OutgoingRequest): void {
    const { drafts } = adapter.webhook({ ...request, receivedAtMs: Date.now() });
    const ids = drafts.map((draft) => eventId(tenantId, connectionId, draft.dedupeKey));
    appendFileSync(this.#path, ids.map((id) => `${id}\n`).join(''));
  }

  /** Compares the record with the outbox, through the API. */
  async audit(api: TributaryClient): Promise<Audit> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    // A last line without its end was being written when the process ended.
    const acknowledged = new Set(text.split('\n').slice(0, -1));
    const stored = await outboxIds(api);
    const missing = [...acknowledged].filter((id) => !stored.has(id));
    return {
      acknowledged: acknowledged.size,
      inOutbox: acknowledged.size - missing.length,
      missing,
    };
  }
}

/** The ids of all events in the outbox. */
export async function outboxIds(api: TributaryClient): Promise<Set<string>> {
  const ids = await allOf(async (cursor) => {
    const page = await api.get('/v1/events', { params: { query: { limit: 500, cursor } } });
    return { things: page.events.map(({ event_id }) => event_id), next: page.next_cursor };
  });
  return new Set(ids);
}
