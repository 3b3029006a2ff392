import type { WebhookAnswer } from '#adapters/kit/adapter.ts';
import type { Problem } from '#schemas/problem.ts';
import { OUTBOUND_NS, SOAP_NS } from './outbound-message.ts';

/*
 * Source: SOAP API Developer Guide, "Understanding the Outbound Messaging WSDL": one Ack for the
 * whole message. Without one that is true Salesforce sends the message again.
 */

/** The message is accepted, and need not come again. */
export const ACCEPTED: WebhookAnswer = answer(200, true);

/** The message is to come again: as false where it is at fault, as a failure where we are. */
export function notAccepted({ status }: Problem): WebhookAnswer {
  return answer(status >= 500 ? status : 200, false);
}

function answer(status: number, ack: boolean): WebhookAnswer {
  return {
    status,
    contentType: 'text/xml; charset=utf-8',
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${SOAP_NS}"><soapenv:Body><notificationsResponse xmlns="${OUTBOUND_NS}"><Ack>${ack}</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>`,
  };
}
