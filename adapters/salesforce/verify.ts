import type { Verdict, WebhookRequest } from '#adapters/kit/adapter.ts';
import { defineHmac } from '#adapters/kit/verification/define.ts';
import { pathSecretRefusal } from '#adapters/kit/verification/path-secret.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import type { Scheme } from '#adapters/kit/verification/scheme.ts';
import { refused, sameText, VERIFIED } from '#adapters/kit/verification/signature.ts';
import type { OutboundMessage } from './outbound-message.ts';
import type { SalesforceSettings } from './settings.ts';

type Verify = (request: WebhookRequest, secrets: readonly string[]) => Verdict;

/** Oldest timestamp of a callout, in seconds. */
const TOLERANCE_SECONDS = 300;

/** How callouts are signed: HMAC-SHA256 over timestamp, colon and body. A convention of ours. */
export function calloutScheme(settings: SalesforceSettings): Scheme {
  return defineHmac({
    content: '{timestamp}:{body}',
    signature: {
      from: 'header',
      name: settings.signature_header,
      encoding: settings.signature_encoding,
    },
    timestamp: {
      from: 'header',
      name: settings.timestamp_header,
      unit: 'ms',
      toleranceSeconds: TOLERANCE_SECONDS,
      futureSkewSeconds: settings.future_skew_seconds,
    },
  });
}

/** A signed callout shows by its headers; everything else is an outbound message. */
export function isCallout({ headers }: WebhookRequest, settings: SalesforceSettings): boolean {
  return (
    headers[settings.signature_header] !== undefined ||
    headers[settings.timestamp_header] !== undefined
  );
}

/**
 * Compiles the settings to the check of one request. Where a header of callouts is present, the
 * signature alone decides: who cannot sign cannot fall back to the secret in the URL.
 *
 * Salesforce does not sign outbound messages. Two things together stand in for it: the secret last
 * segment of the URL, and the organization id in the body.
 *
 * @param read the message in a request; called only once its URL is right
 * @param cased the 15 characters of the organisation's id
 */
export function makeVerify(
  settings: SalesforceSettings,
  cased: string,
  read: (request: WebhookRequest) => OutboundMessage | undefined,
): Verify {
  const scheme = calloutScheme(settings);
  return (request, secrets) => {
    if (isCallout(request, settings)) return scheme.verify(readRequest(request), secrets);
    const refusal = pathSecretRefusal(request.url, secrets);
    if (refusal !== undefined) return refused(refusal);
    const message = read(request);
    if (message === undefined) return refused('body_unreadable');
    return sameText(message.organizationId, cased) ? VERIFIED : refused('organization_mismatch');
  };
}
