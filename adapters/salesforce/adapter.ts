import type { Adapter, BoundAdapter } from '#adapters/kit/adapter.ts';
import { oncePerRequest } from '#adapters/kit/once-per-request.ts';
import { salesforceApi } from './api.ts';
import { credentials } from './credentials.ts';
import { EVENT_TYPES, PROVIDER, SKIP_REASONS, TITLE } from './definition.ts';
import type { Organization } from './mapping-context.ts';
import { readOutboundMessage } from './outbound-message.ts';
import { casedId, recordId } from './record-id.ts';
import { makeResolve } from './resolve.ts';
import { SAMPLE_NAMES, sample } from './sample.ts';
import { type SalesforceSettings, settingsSchema } from './settings.ts';
import { notAccepted } from './soap-answer.ts';
import { isCallout, makeVerify } from './verify.ts';
import { makeWebhook } from './webhook.ts';

/**
 * Salesforce: outbound messages, signed callouts and forwarded change events. Facts and mapping:
 * docs/providers/salesforce.md.
 */
export const salesforceAdapter: Adapter<SalesforceSettings> = {
  provider: PROVIDER,
  title: TITLE,
  eventTypes: EVENT_TYPES,
  skipReasons: SKIP_REASONS,
  secretPath: true,
  secretMadeBy: 'tributary',
  settingsSchema,
  api: salesforceApi,
  credentials,
  bind,
  sample,
  samples: SAMPLE_NAMES,
  sandbox: async () => (await import('./sandbox/sandbox.ts')).salesforceSandbox,
};

function bind(settings: SalesforceSettings): BoundAdapter {
  const organization = organizationOf(settings);
  // Verification has to parse the body, and the mapping needs the same again.
  const read = oncePerRequest(({ body }) => readOutboundMessage(body));
  return {
    verify: makeVerify(settings, organization.cased, read),
    webhook: makeWebhook(settings, organization, read),
    resolve: makeResolve(settings),
    refusal: (request, problem) =>
      isCallout(request, settings) ? undefined : notAccepted(problem),
  };
}

function organizationOf({ organization_id }: SalesforceSettings): Organization {
  return { cased: casedId(organization_id) ?? '', full: recordId(organization_id) ?? '' };
}
