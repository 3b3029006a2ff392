import { z } from 'zod';
import { type Field, fieldsOf, holdsSecret } from '#adapters/kit/fields.ts';
import { maskSecrets } from '#adapters/kit/mask-secrets.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { CONNECTION_STATUSES, type Connection } from './connection.ts';

const nullableText = z.string().nullable();

/** A connection as the API shows it. */
export const connectionSchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    name: z.string(),
    status: z.enum(CONNECTION_STATUSES),
    status_reason: nullableText.describe(
      'Why it is not active: disabled, disconnected, credentials_refused, health.',
    ),
    status_detail: nullableText.describe('The same in a sentence.'),
    status_since: z.string(),
    org_id: nullableText.describe('Null where all organisations of the tenant share it.'),
    account_id: nullableText.describe("The provider's id of the account, where it told one."),
    account_name: nullableText,
    labels: z.record(z.string(), z.string()),
    webhook_url: z
      .string()
      .describe(
        'Give this URL to the provider. Where it ends in a secret segment, that is shown only in the answer that creates the connection.',
      ),
    secret_ref: z.string().describe('Where the signing secret is kept. The secret is never shown.'),
    settings: z.record(z.string(), z.unknown()),
    last_sync_at: nullableText,
    last_error: nullableText.describe('Code of the latest error.'),
    last_error_detail: nullableText,
    last_error_at: nullableText,
    error_count: z.int(),
    disconnected_at: nullableText,
    created_at: z.string(),
    updated_at: z.string(),
    version: z.int().describe('Counts changes; the ETag is made of it.'),
  })
  .meta({ id: 'Connection' });

export type ConnectionView = z.infer<typeof connectionSchema>;

/** @param publicUrl scheme and host that providers address */
export function shown(connection: Connection, publicUrl: string): ConnectionView {
  return {
    id: connection.id,
    provider: connection.provider,
    name: connection.name,
    status: connection.status,
    status_reason: connection.statusReason,
    status_detail: connection.statusDetail,
    status_since: connection.statusSince,
    org_id: connection.orgId,
    account_id: connection.accountId,
    account_name: connection.accountName,
    labels: connection.labels,
    webhook_url: `${publicUrl}/webhooks/${connection.provider}/${connection.id}`,
    secret_ref: connection.secretRef,
    settings: withoutSecrets(connection),
    last_sync_at: connection.lastSyncAt,
    last_error: connection.lastError,
    last_error_detail: connection.lastErrorDetail,
    last_error_at: connection.lastErrorAt,
    error_count: connection.errorCount,
    disconnected_at: connection.disconnectedAt,
    created_at: connection.createdAt,
    updated_at: connection.updatedAt,
    version: connection.version,
  };
}

/** The fields of a provider's settings that hold secrets, by provider; made when first asked for. */
const secretFields = new Map<string, readonly Field[]>();

/** Settings as they may be shown: the fields that their adapter calls secret are masked. */
function withoutSecrets({ provider, settings }: Connection): Record<string, unknown> {
  let fields = secretFields.get(provider);
  if (!fields) {
    const adapter = adaptersByProvider().get(provider);
    fields = adapter ? fieldsOf(adapter.settingsSchema).filter(holdsSecret) : [];
    secretFields.set(provider, fields);
  }
  return fields.length === 0 ? settings : (maskSecrets(settings, fields) as typeof settings);
}

/** The strong entity tag of a connection as it is. */
export function etagOf({ version }: Pick<Connection, 'version'>): string {
  return `"${version}"`;
}
