import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import type { ReadJson } from './body.ts';
import { mapNotification } from './map-notification.ts';
import { mapWorkflow } from './map-workflow.ts';
import type { ZohoSettings } from './settings.ts';

/**
 * Compiles the settings to the mapping of a verified request: of a workflow where its header is
 * present, as in verification, and of a watch channel otherwise. The content type of the latter is
 * not looked at: Zoho documents none.
 *
 * @returns a function that throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing
 *   can be used
 */
export function makeWebhook(
  settings: ZohoSettings,
  readJson: ReadJson,
): (request: WebhookRequest) => WebhookResult {
  const header = settings.workflow_token_header;
  return (request) =>
    request.headers[header] === undefined
      ? mapNotification(readJson(request))
      : mapWorkflow(request, readJson);
}
