import { isObject } from '#adapters/kit/json-body.ts';
import {
  type ApiAnswer,
  type ApiRequest,
  type SandboxApi,
  tokenBehind,
} from '#adapters/kit/sandbox/api.ts';
import { parseExact } from '#schemas/json.ts';
import type { Channel, ChannelFault, Channels } from './channels.ts';

const ORG = {
  id: '5725767000000230001',
  zgid: '74822955',
  company_name: 'Acme d.o.o.',
  currency: 'Euro - EUR',
  iso_code: 'EUR',
  time_zone: 'Europe/Zagreb',
};
const USER = { id: '5725767000000411001', zuid: '71562802', full_name: 'Ana Horvat' };

/**
 * Zoho's API as far as a connection needs it: the organization, the user, and watch channels. Source:
 * Zoho CRM API v8, "Organization", "Notifications" and "Status codes". Texts of errors are not confirmed.
 */
export function zohoApi(channels: Channels): SandboxApi {
  return {
    tokenOf: ({ authorization }) => tokenBehind(authorization, 'Zoho-oauthtoken'),
    unauthorized: (fault) =>
      fault === 'missing'
        ? error(401, 'AUTHENTICATION_FAILURE', 'Authentication failed')
        : error(401, 'INVALID_TOKEN', 'invalid oauth token'),
    forbidden: () => error(401, 'OAUTH_SCOPE_MISMATCH', 'invalid oauth scope to access this URL'),
    limited: () => error(429, 'TOO_MANY_REQUESTS', 'The limit of concurrent requests is reached'),
    answer(request) {
      const { method, path, query } = request;
      switch (`${method} ${path}`) {
        case 'GET /crm/v8/org':
          return { status: 200, json: { org: [ORG] } };
        case 'GET /crm/v8/users':
          return query.get('type') === 'CurrentUser'
            ? { status: 200, json: { users: [USER] } }
            : undefined;
        case 'GET /crm/v8/actions/watch':
          return list(channels);
        case 'POST /crm/v8/actions/watch':
        case 'PUT /crm/v8/actions/watch':
        case 'PATCH /crm/v8/actions/watch':
          return keep(method as 'POST', request, channels);
        case 'DELETE /crm/v8/actions/watch':
          return close(query.get('channel_ids') ?? '', channels);
        default:
          return undefined;
      }
    },
  };
}

function keep(
  method: 'POST' | 'PUT' | 'PATCH',
  { text }: ApiRequest,
  channels: Channels,
): ApiAnswer {
  const body = jsonOf(text);
  const wanted = isObject(body) && Array.isArray(body.watch) ? body.watch : undefined;
  if (wanted === undefined || wanted.length === 0) {
    return error(400, 'REQUIRED_PARAM_MISSING', 'the body lacks watch');
  }
  const kept = wanted.map((one) => channels.keep(method, one));
  const refused = kept.filter(isFault);
  const json = { watch: kept.map((one) => (isFault(one) ? refusalOf(one) : openedOf(one))) };
  if (refused.some(({ code }) => code === 'NOT_SUBSCRIBED')) return { status: 400, json };
  const done = method === 'POST' ? 201 : 200;
  return { status: refused.length === 0 ? done : refused.length < kept.length ? 207 : 202, json };
}

function close(ids: string, channels: Channels): ApiAnswer {
  const watch = ids.split(',').map((id) =>
    channels.close(id)
      ? {
          code: 'SUCCESS',
          details: { resource_uri: 'https://www.zohoapis.com/crm/v2', channel_id: id },
          message: 'Successfully un-subscribed for actions-watch of this channel',
          status: 'success',
        }
      : refusalOf({ code: 'NOT_SUBSCRIBED', field: 'channel_ids' }),
  );
  return { status: watch.some(({ status }) => status === 'success') ? 200 : 400, json: { watch } };
}

/** The tokens are in it at Zoho too. */
function list(channels: Channels): ApiAnswer {
  const open = channels.open();
  if (open.length === 0) return { status: 204 };
  const watch = open.map((channel) => ({
    channel_id: channel.id,
    events: channel.events,
    channel_expiry: spell(channel.expiresAtMs),
    token: channel.token,
    notify_url: channel.notifyUrl,
  }));
  return { status: 200, json: { watch, info: { count: watch.length, more_records: false } } };
}

function openedOf({ id, events, expiresAtMs }: Channel) {
  const modules = [...new Set(events.map((event) => event.split('.')[0] ?? ''))];
  return {
    code: 'SUCCESS',
    details: {
      events: modules.map((module) => ({
        channel_expiry: spell(expiresAtMs),
        resource_uri: `https://www.zohoapis.com/crm/v2/${module}`,
        resource_id: '5725767000000002179',
        resource_name: module,
        channel_id: id,
      })),
    },
    message: 'Successfully subscribed for actions-watch of the given module',
    status: 'success',
  };
}

function refusalOf({ code, field }: ChannelFault) {
  return { code, details: { api_name: field }, message: 'the channel is refused', status: 'error' };
}

function isFault(kept: Channel | ChannelFault): kept is ChannelFault {
  return 'code' in kept;
}

function error(status: number, code: string, message: string): ApiAnswer {
  return { status, json: { code, details: {}, message, status: 'error' } };
}

function jsonOf(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

function spell(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}
