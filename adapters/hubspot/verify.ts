import type { Verdict, WebhookRequest } from '#adapters/kit/adapter.ts';
import { decodeListedEscapes } from '#adapters/kit/verification/listed-escapes.ts';
import {
  decodeSignature,
  refused,
  sameBytes,
  singleHeader,
  staleness,
  VERIFIED,
} from '#adapters/kit/verification/signature.ts';
import type { HubspotSettings } from './settings.ts';
import {
  SIGNATURE_HEADER,
  SIGNATURE_V3_HEADER,
  signV1,
  signV2,
  signV3,
  TIMESTAMP_HEADER,
  VERSION_HEADER,
} from './sign.ts';

/** Oldest v3 timestamp. Source: HubSpot developer documentation, "Validating requests". */
export const TOLERANCE_MS = 300_000;

const DIGEST_BYTES = 32;
/** Milliseconds since 1970. Fifteen digits reach past any date and are a safe integer. */
const TIMESTAMP = /^\d{1,15}$/;
const LOWER_HEX = /^[0-9a-f]{64}$/;

type Verify = (request: WebhookRequest, secrets: readonly string[]) => Verdict;

/**
 * Compiles the settings to the check of one request. Where any v3 header is present, v3 alone
 * decides: a forger cannot fall back to v1, which has no timestamp.
 */
export function makeVerify(settings: HubspotSettings): Verify {
  const allowed = new Set<string>(settings.allow_signature_versions);
  const futureSkewMs = settings.future_skew_seconds * 1000;
  const signedUrl = settings.target_url;
  const signedUri = signedUrl === undefined ? undefined : decodedUri(signedUrl);

  return (request, secrets) => {
    // An empty secret would let anybody sign.
    const usable = secrets.filter((secret) => secret.length > 0);
    if (usable.length === 0) return refused('secret_missing');
    const { headers } = request;
    if (headers[SIGNATURE_V3_HEADER] !== undefined || headers[TIMESTAMP_HEADER] !== undefined) {
      return verifyV3(request, usable, signedUri ?? decodedUri(request.url), futureSkewMs);
    }
    return verifyOlder(request, usable, signedUrl ?? request.url, allowed);
  };
}

function verifyV3(
  request: WebhookRequest,
  secrets: readonly string[],
  uri: string,
  futureSkewMs: number,
): Verdict {
  const text = singleHeader(request, SIGNATURE_V3_HEADER);
  if (text === undefined) {
    const sentTwice = request.headers[SIGNATURE_V3_HEADER] !== undefined;
    return refused(sentTwice ? 'signature_malformed' : 'signature_missing');
  }
  const timestamp = singleHeader(request, TIMESTAMP_HEADER);
  if (timestamp === undefined) {
    const sentTwice = request.headers[TIMESTAMP_HEADER] !== undefined;
    return refused(sentTwice ? 'timestamp_malformed' : 'timestamp_missing');
  }
  if (!TIMESTAMP.test(timestamp)) return refused('timestamp_malformed');
  const stale = staleness({
    timestampMs: Number(timestamp),
    nowMs: request.receivedAtMs,
    toleranceMs: TOLERANCE_MS,
    futureSkewMs,
  });
  if (stale !== undefined) return refused(stale);
  const signature = decodeSignature(text, 'base64');
  if (signature?.length !== DIGEST_BYTES) return refused('signature_malformed');
  for (const secret of secrets) {
    const expected = signV3(secret, request.method, uri, request.body, timestamp);
    if (sameBytes(expected, signature)) return VERIFIED;
  }
  return refused('signature_mismatch');
}

function verifyOlder(
  request: WebhookRequest,
  secrets: readonly string[],
  uri: string,
  allowed: ReadonlySet<string>,
): Verdict {
  if (request.headers[SIGNATURE_HEADER] === undefined) return refused('signature_missing');
  const text = singleHeader(request, SIGNATURE_HEADER);
  const version = singleHeader(request, VERSION_HEADER);
  if (text === undefined || (version !== 'v1' && version !== 'v2')) {
    return refused('signature_malformed');
  }
  if (!allowed.has(version)) return refused('scheme_not_allowed');
  if (!LOWER_HEX.test(text)) return refused('signature_malformed');
  const signature = Buffer.from(text, 'hex');
  for (const secret of secrets) {
    const expected =
      version === 'v1'
        ? signV1(secret, request.body)
        : signV2(secret, request.method, uri, request.body);
    if (sameBytes(expected, signature)) return VERIFIED;
  }
  return refused('signature_mismatch');
}

function decodedUri(url: string): string {
  // Nearly no URL holds an escape: spare the rest the search.
  return url.includes('%') ? decodeListedEscapes(url) : url;
}
