import type { ZohoChange } from './change-types.ts';

/**
 * The body of a notification. Source: Zoho CRM API v8, "Enable Notifications": inserts list no
 * affected fields, and what values there are stand beside the ids.
 */
export function notificationText(
  change: ZohoChange,
  channelId: string,
  token: string | null,
): string {
  const { module, operation, atMs, records } = change;
  const stated = records.filter(({ values }) => values !== null);
  return JSON.stringify({
    server_time: atMs,
    ...(stated.length > 0 && {
      affected_values: stated.map(({ id, values }) => ({ record_id: id, values })),
    }),
    query_params: {},
    module,
    resource_uri: `https://www.zohoapis.com/crm/v2/${module}`,
    ids: records.map(({ id }) => id),
    affected_fields:
      operation === 'insert'
        ? []
        : stated.map(({ id, values }) => ({ [id]: Object.keys(values ?? {}) })),
    operation,
    channel_id: channelId,
    token,
  });
}

/** The body of a workflow webhook by the convention of docs/providers/zoho.md, with times in seconds. */
export function workflowText({ module, operation, atMs, records }: ZohoChange): string {
  const [record] = records;
  const modified = `${new Date(atMs).toISOString().slice(0, 19)}+00:00`;
  return JSON.stringify({
    module,
    operation,
    id: record?.id,
    Modified_Time: modified,
    ...record?.values,
  });
}
