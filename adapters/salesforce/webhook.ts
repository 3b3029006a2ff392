import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { mapItems } from '#adapters/kit/batch.ts';
import { mediaType } from '#adapters/kit/json-body.ts';
import { ContentTypeNotSupported, InvalidBody } from '#schemas/problems.ts';
import { mapCallout } from './callout.ts';
import { mapNotification } from './map-outbound.ts';
import type { Organization } from './mapping-context.ts';
import { MAX_NOTIFICATIONS, type OutboundMessage } from './outbound-message.ts';
import type { SalesforceSettings } from './settings.ts';
import { ACCEPTED } from './soap-answer.ts';
import { isCallout } from './verify.ts';

const XML_TYPES = new Set(['text/xml', 'application/xml', 'application/soap+xml']);

/**
 * Compiles the settings to the mapping of a verified request. A bad item is skipped with its reason;
 * the others stand.
 *
 * @param read the outbound message in a request, already parsed if it was verified
 * @returns a function that throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing
 *   can be used
 */
export function makeWebhook(
  settings: SalesforceSettings,
  organization: Organization,
  read: (request: WebhookRequest) => OutboundMessage | undefined,
): (request: WebhookRequest) => WebhookResult {
  return (request) => {
    const context = { organization, receivedAtMs: request.receivedAtMs };
    if (isCallout(request, settings)) return mapCallout(request, context);
    assertXmlType(request);
    const { notifications } = assertMessage(read(request));
    const result = mapItems(
      notifications,
      (notification) => mapNotification(notification, context),
      // As XPath counts: a place in XML has no JSON Pointer.
      (index) => `/Envelope/Body/notifications/Notification[${index + 1}]`,
    );
    return { ...result, answer: ACCEPTED };
  };
}

function assertMessage(message: OutboundMessage | undefined): OutboundMessage {
  if (message === undefined) throw new InvalidBody('The body is not an outbound message.');
  const count = message.notifications.length;
  if (count <= MAX_NOTIFICATIONS) return message;
  throw new InvalidBody(
    `The message holds ${count} notifications; there may be at most ${MAX_NOTIFICATIONS}.`,
  );
}

/** One that says nothing is taken. @throws ContentTypeNotSupported */
function assertXmlType(request: WebhookRequest): void {
  const type = mediaType(request) ?? '';
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(String(request.headers['content-type']));
  const isUtf8 = ['utf-8', 'us-ascii'].includes(charset?.[1]?.toLowerCase() ?? 'utf-8');
  if ((type === '' || XML_TYPES.has(type)) && isUtf8) return;
  throw new ContentTypeNotSupported(
    'An outbound message must be XML in UTF-8. A callout in JSON must be signed.',
  );
}
