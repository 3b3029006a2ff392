import { digest, hmac } from '#adapters/kit/verification/signature.ts';

/*
 * HubSpot's signatures. Source of all three: HubSpot developer documentation, "Validating
 * requests". Parts are UTF-8 without separators; the body counts as the bytes sent.
 */

export const SIGNATURE_HEADER = 'x-hubspot-signature';
export const VERSION_HEADER = 'x-hubspot-signature-version';
export const SIGNATURE_V3_HEADER = 'x-hubspot-signature-v3';
export const TIMESTAMP_HEADER = 'x-hubspot-request-timestamp';

/** v1: SHA-256 of secret and body. Sent as hex. */
export function signV1(secret: string, body: Buffer): Buffer {
  return digest('sha256', [secret, body]);
}

/** v2: SHA-256 of secret, method, URI and body. Sent as hex. */
export function signV2(secret: string, method: string, uri: string, body: Buffer): Buffer {
  return digest('sha256', [secret, method, uri, body]);
}

/**
 * v3: HMAC-SHA256 of method, URI, body and timestamp. Sent as base64.
 *
 * @param uri with the listed escapes decoded
 * @param timestamp text of the timestamp header, milliseconds
 */
export function signV3(
  secret: string,
  method: string,
  uri: string,
  body: Buffer,
  timestamp: string,
): Buffer {
  return hmac('sha256', secret, [method + uri, body, timestamp]);
}

/** The headers HubSpot sends with a POST: v3, and v1 beside it. */
export function signatureHeaders(
  secret: string,
  uri: string,
  body: Buffer,
  timestampMs: number,
): Record<string, string> {
  const timestamp = String(timestampMs);
  return {
    [SIGNATURE_HEADER]: signV1(secret, body).toString('hex'),
    [VERSION_HEADER]: 'v1',
    [SIGNATURE_V3_HEADER]: signV3(secret, 'POST', uri, body, timestamp).toString('base64'),
    [TIMESTAMP_HEADER]: timestamp,
  };
}
