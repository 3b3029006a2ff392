import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import type { Refusal } from '#adapters/kit/batch.ts';
import { assertJsonType, isObject, parseJsonBody } from '#adapters/kit/json-body.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { type Fields, guidOf, objectAt } from './fields.ts';
import { mapMessage } from './map-message.ts';
import { isMessage, readMessage } from './message.ts';
import type { ZenotiSettings } from './settings.ts';

/**
 * Compiles the settings to the mapping of a verified request. An empty body, which the test button
 * at Zenoti sends, is accepted and makes nothing.
 *
 * @returns a function that throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing
 *   can be used
 */
export function makeWebhook(settings: ZenotiSettings): (request: WebhookRequest) => WebhookResult {
  const centers = settings.center_ids && new Set(settings.center_ids);
  return (request) => {
    if (request.body.length === 0) return { drafts: [], skipped: [] };
    assertJsonType(request);
    const body = parseJsonBody(request.body);
    if (!isObject(body)) throw new InvalidBody('The body must be a JSON object: one event.');
    const message = readMessage(request, body);
    if (!isMessage(message)) return skip(message);
    const elsewhere = elsewhereRefusal(message.data, settings.organization_id, centers);
    return elsewhere ? skip(elsewhere) : mapMessage(message);
  };
}

/** What states no organization or center is taken: AppointmentGroup.Status states neither. */
function elsewhereRefusal(
  data: Fields,
  organizationId: string | undefined,
  centers: ReadonlySet<string> | undefined,
): Refusal | undefined {
  const organization = guidOf(data.organization_id);
  if (organizationId && organization && organization !== organizationId) {
    const detail = 'The event is of another organization than organization_id.';
    return { reason: 'other_organization', detail };
  }
  const center = centerOf(data);
  if (centers && center && !centers.has(center)) {
    return {
      reason: 'other_center',
      detail: 'The event is of a center that is not in center_ids.',
    };
  }
  return undefined;
}

/** The places are those of the samples: of guests and groups, of memberships, of invoices. */
function centerOf(data: Fields): string | undefined {
  return (
    guidOf(data.center_id) ??
    guidOf(objectAt(data, 'center').id) ??
    guidOf(objectAt(data, 'invoice').center_id)
  );
}

function skip(refusal: Refusal): WebhookResult {
  return { drafts: [], skipped: [{ pointer: '', ...refusal }] };
}
