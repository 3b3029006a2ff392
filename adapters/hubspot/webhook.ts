import { isUtf8 } from 'node:buffer';
import type {
  EventDraft,
  SkippedItem,
  WebhookRequest,
  WebhookResult,
} from '#adapters/kit/adapter.ts';
import { parseExact } from '#schemas/json.ts';
import { InvalidBody, InvalidJson } from '#schemas/problems.ts';
import { mapNotification } from './map-notification.ts';
import { isNotification } from './notification.ts';
import type { HubspotSettings } from './settings.ts';

/** Most notifications of one request. Source: HubSpot developer documentation, "Webhooks". */
export const MAX_BATCH = 100;

/**
 * Compiles the settings to the mapping of a verified request. A bad item is skipped with its
 * reason; the others stand.
 *
 * @returns a function that throws InvalidJson or InvalidBody when nothing can be used
 */
export function makeWebhook(settings: HubspotSettings): (request: WebhookRequest) => WebhookResult {
  const portalId = settings.portal_id === undefined ? undefined : String(settings.portal_id);
  return (request) => mapBatch(parseBatch(request.body), portalId);
}

function parseBatch(body: Buffer): readonly unknown[] {
  // Decoding would replace broken bytes silently, and the payload would no longer be what was sent.
  if (!isUtf8(body)) throw new InvalidJson('The body is not valid JSON: it is not UTF-8.');
  const batch = parseExact(body.toString('utf8'));
  if (!Array.isArray(batch)) {
    throw new InvalidBody('The body must be a JSON array of notifications.');
  }
  if (batch.length > MAX_BATCH) {
    throw new InvalidBody(
      `The body holds ${batch.length} notifications; send at most ${MAX_BATCH} in one request.`,
    );
  }
  return batch;
}

function mapBatch(batch: readonly unknown[], portalId: string | undefined): WebhookResult {
  const drafts: EventDraft[] = [];
  const skipped: SkippedItem[] = [];
  const keys = new Set<string>();
  for (let index = 0; index < batch.length; index += 1) {
    const item = batch[index];
    const outcome = isNotification(item) ? mapNotification(item, portalId) : NOT_AN_OBJECT;
    if (!Array.isArray(outcome)) {
      skipped.push({ pointer: `/${index}`, ...outcome });
      continue;
    }
    const key = outcome[0]?.dedupeKey ?? '';
    if (keys.has(key)) {
      skipped.push({ pointer: `/${index}`, ...REPEATED });
      continue;
    }
    keys.add(key);
    for (const draft of outcome) drafts.push(draft);
  }
  return { drafts, skipped };
}

const NOT_AN_OBJECT = {
  reason: 'invalid_item',
  detail: 'Not a notification: it is not an object.',
} as const;

const REPEATED = {
  reason: 'repeated_in_batch',
  detail: 'The same change stands earlier in this body.',
} as const;
