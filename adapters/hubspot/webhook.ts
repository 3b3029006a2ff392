import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { invalidItem, mapItems } from '#adapters/kit/batch.ts';
import { isObject, parseJsonBody } from '#adapters/kit/json-body.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { type MappingOptions, mapNotification } from './map-notification.ts';
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
  const options: MappingOptions = {
    portalId: settings.portal_id === undefined ? undefined : String(settings.portal_id),
    observesDeals: (settings.deal_pipelines ?? []).length > 0,
  };
  const mapOne = (item: unknown) =>
    isObject(item) ? mapNotification(item, options) : invalidItem('it is not an object');
  return (request) => mapItems(parseBatch(request), mapOne);
}

/** The content type does not count: HubSpot signed the bytes, and whether they are JSON shows. */
function parseBatch(request: WebhookRequest): readonly unknown[] {
  const batch = parseJsonBody(request.body);
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
