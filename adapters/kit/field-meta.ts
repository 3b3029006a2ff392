import { z } from 'zod';

/** What a setting is about; forms show one group after the other. */
export const FIELD_GROUPS = ['account', 'webhook', 'mapping', 'advanced'] as const;
export type FieldGroup = (typeof FIELD_GROUPS)[number];

/**
 * How a form asks for a value.
 *
 * - `lines`: a list of texts, one a line
 * - `list`: a list whose items are asked for one by one, as `item` says
 * - `fields`: an object whose members are asked for one by one, as `fields` says
 * - `json`: anything else, written or pasted as JSON
 */
export const WIDGETS = [
  'text',
  'url',
  'secret',
  'number',
  'switch',
  'choice',
  'lines',
  'list',
  'fields',
  'json',
] as const;
export type Widget = (typeof WIDGETS)[number];

/** What a schema does not say of itself. Types, limits and defaults are read from the schema. */
export interface FieldMeta {
  readonly label: string;
  /** Needed for settings; what is inside of one belongs to its group. */
  readonly group?: FieldGroup;
  /** Only where it is not the one that the type suggests. */
  readonly widget?: Widget;
  readonly placeholder?: string;
  /** Names of the values of a choice, for people. */
  readonly titles?: Readonly<Record<string, string>>;
  /** Never shown, logged or kept outside of the secret store. */
  readonly secret?: true;
  /** The address of an API: the server sends requests there. */
  readonly called?: true;
}

/**
 * What is known of the fields of forms. A schema is described first and registered last, which makes
 * it one of its own: `z.string().describe('…').register(FIELDS, { label: '…', group: 'account' })`.
 */
export const FIELDS = z.registry<FieldMeta>();
