import { createHmac } from 'node:crypto';

export interface RequestMaker {
  /** A new signed request: no two hold the same event. */
  next(): { head: string; body: string };
}

/**
 * Makes signed HubSpot webhooks as fast as they can be sent: bodies are put together from fixed
 * text, and only ids change.
 */
export function hubspotRequests(
  target: URL,
  secret: string,
  eventsPerRequest: number,
): RequestMaker {
  // Ids of one run never meet those of another on the same server.
  let sequence = (Date.now() % 1_000_000_000) * 10_000;
  const url = target.href;
  return {
    next() {
      const occurredAt = Date.now();
      let body = '[';
      for (let index = 0; index < eventsPerRequest; index += 1) {
        sequence += 1;
        body += `${index === 0 ? '' : ','}{"eventId":${sequence},"subscriptionId":22,"portalId":33,"appId":1160452,"occurredAt":${occurredAt},"subscriptionType":"deal.propertyChange","attemptNumber":0,"objectId":${sequence},"propertyName":"amount","propertyValue":"1500.10","changeSource":"CRM_UI","sourceId":"userId:123"}`;
      }
      body += ']';
      const timestamp = String(occurredAt);
      const signature = createHmac('sha256', secret)
        .update(`POST${url}${body}${timestamp}`)
        .digest('base64');
      const head =
        `POST ${target.pathname} HTTP/1.1\r\nhost: ${target.host}\r\ncontent-type: application/json\r\n` +
        `x-hubspot-signature-v3: ${signature}\r\nx-hubspot-request-timestamp: ${timestamp}\r\n` +
        `content-length: ${body.length}\r\n\r\n`;
      return { head, body };
    },
  };
}
