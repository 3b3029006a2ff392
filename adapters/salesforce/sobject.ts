import { SOBJECT_NS } from './outbound-message.ts';
import type { XmlElement } from './xml-tree.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** API names of fields: letters, digits and underscores. No name reaches a prototype. */
const FIELD_NAME = /^[A-Za-z]\w{0,127}$/;

/** Fields that are truth values. Others are text: a message does not state types. */
const BOOLEANS = new Set(['IsDeleted', 'IsClosed', 'IsWon']);

/**
 * The fields of a record in an outbound message: text as sent, `xsi:nil` as null, compound fields as
 * objects. Elements of another namespace are no fields.
 *
 * @returns undefined when a field is stated twice or its name is none
 */
export function fieldsOf(sObject: XmlElement): Fields | undefined {
  return membersOf(sObject.children.filter(({ uri }) => uri === SOBJECT_NS));
}

function membersOf(elements: readonly XmlElement[]): Fields | undefined {
  const fields = new Map<string, unknown>();
  for (const element of elements) {
    const value = fieldValue(element);
    if (value === undefined || fields.has(element.local) || !FIELD_NAME.test(element.local)) {
      return undefined;
    }
    fields.set(element.local, value);
  }
  return Object.fromEntries(fields);
}

function fieldValue({ nil, children, local, text }: XmlElement): unknown {
  if (nil) return null;
  if (children.length > 0) return membersOf(children);
  return BOOLEANS.has(local) ? (booleanOf(text) ?? text) : text;
}

/** A truth value, also as text, as XML Schema spells it; undefined for anything else. */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1') return true;
  return value === 'false' || value === '0' ? false : undefined;
}
