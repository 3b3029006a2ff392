import { OUTBOUND_NS, SOAP_NS, SOBJECT_NS, XSI_NS } from './outbound-message.ts';

/** What an outbound message is written from. */
export interface MessageParts {
  readonly organizationId: string;
  readonly actionId: string;
  /** API name of the object of every record. */
  readonly object: string;
  readonly notifications: readonly NotificationParts[];
}

export interface NotificationParts {
  readonly id: string;
  /** Fields in order; one that is null is left out, as Salesforce does. */
  readonly record: Readonly<Record<string, string | boolean | null>>;
}

const DOMAIN = 'https://example.my.salesforce.com/services/Soap';

/**
 * An outbound message as Salesforce writes it: for samples and the sandbox. Source: SOAP API
 * Developer Guide, "Understanding the Outbound Messaging WSDL".
 */
export function writeOutboundMessage(parts: MessageParts): Buffer {
  const { organizationId, actionId, object, notifications } = parts;
  const cased = organizationId.slice(0, 15);
  return Buffer.from(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<soapenv:Envelope xmlns:soapenv="${SOAP_NS}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="${XSI_NS}">`,
      ' <soapenv:Body>',
      `  <notifications xmlns="${OUTBOUND_NS}">`,
      `   <OrganizationId>${organizationId}</OrganizationId>`,
      `   <ActionId>${actionId}</ActionId>`,
      '   <SessionId xsi:nil="true"/>',
      `   <EnterpriseUrl>${DOMAIN}/c/66.0/${cased}</EnterpriseUrl>`,
      `   <PartnerUrl>${DOMAIN}/u/66.0/${cased}</PartnerUrl>`,
      ...notifications.map((notification) => writeNotification(object, notification)),
      '  </notifications>',
      ' </soapenv:Body>',
      '</soapenv:Envelope>',
      '',
    ].join('\n'),
  );
}

function writeNotification(object: string, { id, record }: NotificationParts): string {
  const fields = Object.entries(record)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `     <sf:${name}>${escapeText(String(value))}</sf:${name}>`);
  return [
    '   <Notification>',
    `    <Id>${id}</Id>`,
    `    <sObject xsi:type="sf:${object}" xmlns:sf="${SOBJECT_NS}">`,
    ...fields,
    '    </sObject>',
    '   </Notification>',
  ].join('\n');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
