import { CredentialsRefused } from '#schemas/problems.ts';
import { RegistrationService } from '../registrations/registration-service.ts';
import { makeWebhookUrl } from '../registrations/webhook-url.ts';
import type { Parts } from './parts.ts';

/** What looks after the webhooks that providers keep. */
export function makeRegistrations(parts: Parts): RegistrationService {
  const { adapters, logger, onError, platform, publicUrl } = parts;
  return new RegistrationService({
    adapters,
    database: platform.database,
    secrets: platform.secrets,
    webhookUrl: makeWebhookUrl(publicUrl, adapters),
    callProvider: () => async () => {
      throw new CredentialsRefused('The connection has no credentials.');
    },
    log: async ({ id }, { code, message, data }) =>
      logger.info({ connection_id: id, code, ...data }, message),
    onError,
  });
}
