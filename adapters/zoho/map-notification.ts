import type { WebhookResult } from '#adapters/kit/adapter.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { indexAffected } from './affected.ts';
import { idText } from './id.ts';
import { isSubject, mapRecords, readSubject, without } from './records.ts';

/** Fields that are cut into the records, or that nobody else should read. */
const NOT_SHARED: ReadonlySet<string> = new Set([
  'token',
  // The query of the URL of the channel, where people put credentials.
  'query_params',
  'ids',
  'affected_fields',
  'affected_values',
  'server',
]);

/**
 * Maps a notification of a watch channel: one observation of each id. Source: Zoho CRM API v8,
 * "Enable Notifications".
 *
 * @throws InvalidBody when module, operation, ids or time are missing or odd
 */
export function mapNotification(body: unknown): WebhookResult {
  if (!isObject(body)) throw new InvalidBody('The body must be a JSON object: a notification.');
  const subject = readSubject(body);
  if (!isSubject(subject)) return { drafts: [], skipped: [subject] };
  if (!Array.isArray(body.ids)) throw new InvalidBody('ids must be an array of record ids.');
  // Both spellings are Zoho's: payloads say server_time, a table of the documents server.
  const serverTimeMs = instantMs(body.server_time ?? body.server);
  if (serverTimeMs === undefined) {
    throw new InvalidBody('server_time must be a time in milliseconds.');
  }
  const channelId = idText(body.channel_id);
  const { module, change } = subject;
  return mapRecords({
    subject,
    ids: body.ids,
    pointerOf: (index) => `/ids/${index}`,
    occurredAtMs: serverTimeMs,
    shared: {
      ...without(body, NOT_SHARED),
      channel: 'notification',
      server_time: serverTimeMs,
      ...(channelId !== undefined && { channel_id: channelId }),
    },
    keyOf: (id) => `notification|${channelId ?? ''}|${module}|${change}|${id}|${serverTimeMs}`,
    ownOf: indexAffected(body),
  });
}

function instantMs(value: unknown): number | undefined {
  if (typeof value === 'number') return parseInstant(String(value), 'ms');
  return typeof value === 'string' ? parseInstant(value, 'ms') : undefined;
}
