import { casedId } from './record-id.ts';
import { readXml } from './xml.ts';
import type { XmlElement } from './xml-tree.ts';

/*
 * Outbound messages. Source: SOAP API Developer Guide, "Understanding the Outbound Messaging WSDL".
 * Elements are known by namespace and local name; prefixes are the sender's choice.
 */

export const SOAP_NS = 'http://schemas.xmlsoap.org/soap/envelope/';
export const OUTBOUND_NS = 'http://soap.sforce.com/2005/09/outbound';
export const SOBJECT_NS = 'urn:sobject.enterprise.soap.sforce.com';
export const XSI_NS = 'http://www.w3.org/2001/XMLSchema-instance';

/** Most notifications of one message. Source: the same page. */
export const MAX_NOTIFICATIONS = 100;

export interface OutboundMessage {
  /** The 15 characters of the id that tell organisations apart. */
  readonly organizationId: string;
  readonly notifications: readonly OutboundNotification[];
}

/** One notification as received; each part is undefined unless it stands there once. */
export interface OutboundNotification {
  readonly id: string | undefined;
  readonly sObject: XmlElement | undefined;
  /** There are several records: which is meant is open. */
  readonly ambiguous: boolean;
}

/**
 * Reads a request body as an outbound message.
 *
 * @returns undefined when it is not one, or does not say once whose it is
 */
export function readOutboundMessage(body: Buffer): OutboundMessage | undefined {
  const envelope = readXml(body);
  if (envelope === undefined || !is(envelope, SOAP_NS, 'Envelope')) return undefined;
  const notifications = only(only(envelope, SOAP_NS, 'Body'), OUTBOUND_NS, 'notifications');
  if (notifications === undefined) return undefined;
  const organizationId = casedId(textOf(only(notifications, OUTBOUND_NS, 'OrganizationId')));
  if (organizationId === undefined) return undefined;
  return {
    organizationId,
    notifications: all(notifications, OUTBOUND_NS, 'Notification').map((notification) => {
      const sObjects = all(notification, OUTBOUND_NS, 'sObject');
      return {
        id: textOf(only(notification, OUTBOUND_NS, 'Id')),
        sObject: sObjects[0],
        ambiguous: sObjects.length > 1,
      };
    }),
  };
}

function is(element: XmlElement, uri: string, local: string): boolean {
  return element.local === local && element.uri === uri;
}

function all(parent: XmlElement, uri: string, local: string): XmlElement[] {
  return parent.children.filter((child) => is(child, uri, local));
}

/** The child of that name, where there is exactly one. */
function only(parent: XmlElement | undefined, uri: string, local: string): XmlElement | undefined {
  const found = parent === undefined ? [] : all(parent, uri, local);
  return found.length === 1 ? found[0] : undefined;
}

function textOf(element: XmlElement | undefined): string | undefined {
  return element === undefined || element.children.length > 0 ? undefined : element.text;
}
