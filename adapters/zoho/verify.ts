import type { RefusalReason, Verdict, WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject, utf8Text } from '#adapters/kit/json-body.ts';
import { defineToken } from '#adapters/kit/verification/define.ts';
import { pathSecretRefusal } from '#adapters/kit/verification/path-secret.ts';
import {
  MAX_UNVERIFIED_JSON_BYTES,
  readRequest,
} from '#adapters/kit/verification/request-reader.ts';
import { refused, sameText, VERIFIED } from '#adapters/kit/verification/signature.ts';
import { InvalidJson } from '#schemas/problems.ts';
import type { ReadJson } from './body.ts';
import { MAX_TOKEN_LENGTH } from './definition.ts';
import { idText } from './id.ts';
import type { ZohoSettings } from './settings.ts';

/** Largest notification that is parsed to find its token, where the path secret was right. */
export const MAX_NOTIFICATION_BYTES = 1024 * 1024;

type Verify = (request: WebhookRequest, secrets: readonly string[]) => Verdict;

/**
 * Compiles the settings to the check of one request. Zoho signs nothing: a notification echoes the
 * token of its channel in the body, and a workflow webhook states it in a header of ours. The path
 * secret goes first, so that nothing of an unknown sender is parsed.
 */
export function makeVerify(settings: ZohoSettings, readJson: ReadJson): Verify {
  const header = settings.workflow_token_header;
  const workflow = defineToken({ from: 'header', name: header });
  const channelRefusal = makeChannelRefusal(settings);
  const maxBytes = settings.require_path_secret
    ? MAX_NOTIFICATION_BYTES
    : MAX_UNVERIFIED_JSON_BYTES;

  return (request, secrets) => {
    const refusal = settings.require_path_secret
      ? pathSecretRefusal(request.url, secrets)
      : undefined;
    if (refusal !== undefined) return refused(refusal);
    // An empty secret would let anybody in who sends an empty token.
    const usable = secrets.filter((secret) => secret !== '');
    if (usable.length === 0) return refused('secret_missing');
    const sent = request.headers[header];
    if (sent !== undefined) {
      return typeof sent === 'string'
        ? workflow.verify(readRequest(request), usable)
        : refused('signature_malformed');
    }
    if (request.body.length > maxBytes) return refused('body_unreadable');
    try {
      const reason =
        tokenRefusal(statedToken(request), usable) ?? channelRefusal(readJson, request);
      return reason === undefined ? VERIFIED : refused(reason);
    } catch (error) {
      if (error instanceof InvalidJson) return refused('body_unreadable');
      throw error;
    }
  };
}

/**
 * Reads the token without regard to numbers: keeping them exact costs many times as much, which is
 * not due to somebody who has not shown a token yet.
 *
 * @throws InvalidJson
 */
function statedToken({ body }: WebhookRequest): unknown {
  const text = utf8Text(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's message quotes the body, which may hold personal data: it is not passed on.
    throw new InvalidJson('The body is not valid JSON.');
  }
  return isObject(value) ? value.token : undefined;
}

function tokenRefusal(token: unknown, secrets: readonly string[]): RefusalReason | undefined {
  if (token === undefined || token === null) return 'signature_missing';
  if (typeof token !== 'string' || token === '' || token.length > MAX_TOKEN_LENGTH) {
    return 'signature_malformed';
  }
  // Every secret is compared, so that the time does not tell which one it was.
  const matches = secrets.map((secret) => sameText(token, secret));
  return matches.includes(true) ? undefined : 'signature_mismatch';
}

function makeChannelRefusal({ channels }: ZohoSettings) {
  const expiries = new Map(
    channels.map(({ channel_id, expires_at }) => [
      channel_id,
      parseInstant(expires_at ?? '', 'iso8601') ?? Number.POSITIVE_INFINITY,
    ]),
  );
  return (readJson: ReadJson, request: WebhookRequest): RefusalReason | undefined => {
    if (expiries.size === 0) return undefined;
    const body = readJson(request);
    const channelId = isObject(body) ? idText(body.channel_id) : undefined;
    const expiresAtMs = expiries.get(channelId ?? '');
    if (expiresAtMs === undefined) return 'channel_unknown';
    return request.receivedAtMs > expiresAtMs ? 'channel_expired' : undefined;
  };
}
