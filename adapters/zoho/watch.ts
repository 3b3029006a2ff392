import { z } from 'zod';
import { parseInstant } from '#adapters/kit/instant.ts';
import { isErrorCode } from '#adapters/kit/judge-answer.ts';
import type {
  CallProvider,
  ProviderResponse,
  RegisteredWebhook,
  WebhookApi,
  WebhookTarget,
} from '#adapters/kit/provider-api.ts';
import { exactJson, refusedAnswer } from '#adapters/kit/read-answer.ts';
import { ProviderRefused, ProviderUnavailable } from '#schemas/problems.ts';
import { channelId } from './channel-id.ts';
import { TITLE } from './definition.ts';
import { idText } from './id.ts';
import type { ZohoSettings } from './settings.ts';

const PATH = '/crm/v8/actions/watch';
/** A week is the most; one that is too long silently becomes an hour. */
const LIFETIME_MS = 6 * 86_400_000;
/** What Zoho says of a channel that it does not have, or no longer. */
const GONE = 'NOT_SUBSCRIBED';
/** Zoho's own faults, which it may state beside a status of success. */
const TRANSIENT = new Set(['INTERNAL_ERROR', 'TOO_MANY_REQUESTS', 'RATE_LIMIT_EXCEEDED']);

/** An element of the answer, or the whole of it where the request as such was refused. */
const outcomeSchema = z.object({ status: z.string(), code: z.string() });
const outcomesSchema = z.object({ watch: z.array(outcomeSchema).length(1) });
const openedSchema = z.object({
  watch: z.tuple([
    z.object({
      status: z.literal('success'),
      details: z.object({
        events: z.array(z.object({ channel_id: z.unknown(), channel_expiry: z.string() })).min(1),
      }),
    }),
  ]),
});

/**
 * Watch channels, one for each module. A channel lasts six days and is extended by PATCH, which also
 * sends token and address as they are now: after a rotation it has the new ones. Its id is ours to choose
 * and always the same. Source: Zoho CRM API v8, "Enable", "Update" and "Disable notifications".
 *
 * Not confirmed: what opening a channel that is open does. Others have extended channels that way. Where
 * Zoho refuses it, the channel is replaced by PUT.
 */
export const watchChannels: WebhookApi<ZohoSettings> = {
  // Whoever lists channels keeps them, and others would be refused.
  resources: ({ channels, watch_modules }) => (channels.length > 0 ? [] : watch_modules),

  chosenId: channelId,

  async register(call, module, target) {
    const id = channelId(target.connectionId, module);
    const opened = await send(call, 'POST', id, module, target);
    if (opened.ok) return opened.webhook;
    const replaced = await send(call, 'PUT', id, module, target);
    if (replaced.ok) return replaced.webhook;
    throw opened.problem;
  },

  async renew(call, { resource, externalId }, target) {
    const extended = await send(call, 'PATCH', externalId, resource, target);
    if (extended.ok) return extended.webhook;
    if (extended.code !== GONE) throw extended.problem;
    return watchChannels.register(call, resource, target);
  },

  async remove(call, { externalId }) {
    const path = `${PATH}?channel_ids=${encodeURIComponent(externalId)}`;
    const response = await call({ method: 'DELETE', path });
    if (response.status === 204 || response.status === 404) return;
    const { succeeded, code } = outcomeOf(response);
    if (!succeeded && code !== GONE) throw problemOf(response, code);
  },
};

type Sent =
  | { readonly ok: true; readonly webhook: RegisteredWebhook }
  | { readonly ok: false; readonly code: string | undefined; readonly problem: ProviderRefused };

/** @throws ProviderUnavailable when Zoho says that the fault is its own */
async function send(
  call: CallProvider,
  method: 'POST' | 'PUT' | 'PATCH',
  id: string,
  module: string,
  { url, secret, nowMs }: WebhookTarget<ZohoSettings>,
): Promise<Sent> {
  const response = await call({
    method,
    path: PATH,
    json: {
      watch: [
        {
          channel_id: id,
          events: [`${module}.all`],
          channel_expiry: spell(nowMs + LIFETIME_MS),
          token: secret,
          notify_url: url,
          // Without it a notification says which fields changed and not to what.
          return_affected_field_values: true,
          // On by default, and then it tells of changes around the record.
          notify_on_related_action: false,
        },
      ],
    },
  });
  const { succeeded, code } = outcomeOf(response);
  if (succeeded) return { ok: true, webhook: opened(response, id, module) };
  const problem = problemOf(response, code);
  if (problem instanceof ProviderUnavailable) throw problem;
  return { ok: false, code, problem };
}

function opened(response: ProviderResponse, id: string, module: string): RegisteredWebhook {
  const { data } = openedSchema.safeParse(exactJson(response));
  const events = data?.watch[0].details.events ?? [];
  const expiries = events.map(({ channel_expiry }) => parseInstant(channel_expiry, 'iso8601'));
  const isOurs = events.every(({ channel_id }) => idText(channel_id) === id);
  // What counts is the expiry that Zoho set, the earliest where it set several.
  const expiresAtMs = expiries.includes(undefined)
    ? Number.NaN
    : Math.min(...(expiries as number[]));
  if (events.length > 0 && isOurs && Number.isFinite(expiresAtMs)) {
    return { resource: module, externalId: id, expiresAtMs };
  }
  throw new ProviderRefused(
    `${TITLE} opened a channel for ${module}, but did not tell its id and its end as it documents.`,
  );
}

/** The status of the element counts, not that of the answer: a refusal may come as 202. */
function outcomeOf(response: ProviderResponse): { succeeded: boolean; code: string | undefined } {
  const body = exactJson(response);
  const outcome =
    outcomesSchema.safeParse(body).data?.watch[0] ?? outcomeSchema.safeParse(body).data;
  const code = isErrorCode(outcome?.code) ? outcome.code : undefined;
  const isSuccess = response.status >= 200 && response.status <= 299;
  return { succeeded: isSuccess && outcome?.status === 'success', code };
}

function problemOf(
  response: ProviderResponse,
  code: string | undefined,
): ProviderRefused | ProviderUnavailable {
  if (code === undefined) return refusedAnswer(TITLE, response);
  return TRANSIENT.has(code)
    ? new ProviderUnavailable(`${TITLE} could not keep the channel just now: ${code}.`)
    : new ProviderRefused(`${TITLE} refused the watch channel: ${code}.`);
}

/** As Zoho spells an instant: seconds, and the offset with a colon. */
function spell(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}
