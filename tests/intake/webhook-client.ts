// Requests as providers sign and send them, byte by byte under the test's control.
import { request as httpRequest } from 'node:http';
import { signatureHeaders } from '#adapters/hubspot/sign.ts';
import { hmac } from '#adapters/kit/verification/signature.ts';
import { PUBLIC_URL } from './intake-app.ts';

export interface Sent {
  /** Default POST. */
  readonly method?: string;
  readonly path: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Sends the body in pieces without telling its length. */
  readonly chunked?: boolean;
}

export interface Answer {
  readonly status: number;
  /** In the order sent, without the date. */
  readonly headers: readonly string[];
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Sends a request on a connection of its own. */
export function send(port: number, sent: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'POST', path, body, headers, chunked } = sent;
    const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        headers: { ...headers, ...length },
      },
      async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        const text = Buffer.concat(parts).toString();
        const lines = response.rawHeaders.flatMap((name, index, all) =>
          index % 2 === 0 && name.toLowerCase() !== 'date' ? [`${name}: ${all[index + 1]}`] : [],
        );
        resolve({
          status: response.statusCode ?? 0,
          headers: lines,
          contentType: response.headers['content-type'],
          retryAfter: response.headers['retry-after'],
          text,
          json: text.startsWith('{') ? JSON.parse(text) : {},
        });
      },
    );
    request.on('error', reject);
    // A refused sender may be cut off while it is still sending.
    for (let at = 0; at < body.length; at += 8_192) request.write(body.subarray(at, at + 8_192));
    request.end();
  });
}

/** A HubSpot notification; `sequence` makes it a change of its own. */
export function notification(sequence: number, overrides: object = {}): object {
  return {
    eventId: sequence,
    subscriptionId: 22,
    portalId: 33,
    appId: 1160452,
    occurredAt: 1_762_075_800_000 + sequence,
    subscriptionType: 'deal.propertyChange',
    attemptNumber: 0,
    objectId: 1_000 + sequence,
    propertyName: 'amount',
    propertyValue: '12.50',
    changeSource: 'CRM_UI',
    sourceId: 'userId:7',
    ...overrides,
  };
}

export interface Signing {
  readonly secret: string;
  readonly body: string | Buffer;
  readonly connectionId: string;
  /** Default hubspot. */
  readonly provider?: string;
  /** Age of the signature; negative is in the future. */
  readonly ageMs?: number;
  readonly query?: string;
}

/** A request signed as HubSpot signs. */
export function signedByHubspot(signing: Signing): Sent {
  const { secret, connectionId, provider = 'hubspot', ageMs = 0, query = '' } = signing;
  const body = Buffer.from(signing.body);
  const path = `/webhooks/${provider}/${connectionId}${query}`;
  const headers = signatureHeaders(secret, PUBLIC_URL + path, body, Date.now() - ageMs);
  return { path, body, headers: { ...headers, 'content-type': 'application/json' } };
}

/** The definition of a shop that signs time and body; see docs/providers/custom.md. */
export const SHOP_DEFINITION = {
  verification: [
    {
      scheme: 'hmac',
      signature: {
        from: 'header',
        name: 'Shop-Signature',
        parse: 'kv-list',
        key: 'v1',
      },
      content: '{timestamp}.{body}',
      timestamp: { from: 'header', name: 'Shop-Signature', key: 't', unit: 's' },
    },
  ],
  extract: {
    batch: '/changes',
    eventType: '/kind',
    map: [{ type: 'ORDER', to: 'order.updated' }],
    entity: { id: '/order/id' },
    dedupeKey: ['/changeId'],
    decimalFields: [{ pointer: '/order/total', scale: 2 }],
    onUnknownType: 'quarantine',
  },
};

/** A request signed as the shop signs. */
export function signedByShop(signing: Signing): Sent {
  const { secret, connectionId, provider = 'custom', ageMs = 0, query = '' } = signing;
  const body = Buffer.from(signing.body);
  const time = String(Math.floor((Date.now() - ageMs) / 1_000));
  const signature = hmac('sha256', secret, [`${time}.`, body]).toString('hex');
  return {
    path: `/webhooks/${provider}/${connectionId}${query}`,
    body,
    headers: { 'shop-signature': `t=${time},v1=${signature}`, 'content-type': 'application/json' },
  };
}
