import type { z } from 'zod';
import type { FieldGroup, FieldMeta, Widget } from './field-meta.ts';
import { type FieldType, shapeOf } from './field-shape.ts';
import { escapeToken } from './json-pointer.ts';
import { annotatedJsonSchema, type JsonSchema, META } from './settings-json-schema.ts';

export interface Choice {
  readonly value: string | number | boolean;
  readonly title: string;
}

/** One field of a form. Plain data: it is what the API answers. */
export interface Field {
  /** Name in its object; empty for the items of a list. */
  readonly name: string;
  /** JSON Pointer into the settings, with `*` for the place in a list. */
  readonly pointer: string;
  readonly label: string;
  readonly help: string;
  readonly group: FieldGroup;
  readonly widget: Widget;
  readonly type: FieldType;
  readonly required: boolean;
  readonly secret: boolean;
  /** Whether the server sends requests to the address. */
  readonly called: boolean;
  /** What holds when nothing is given. */
  readonly default?: unknown;
  readonly placeholder?: string;
  /** All values there are. */
  readonly choices?: readonly Choice[];
  /** Least and greatest number, length of a text or length of a list. */
  readonly min?: number;
  readonly max?: number;
  /** Regular expression that a text matches. */
  readonly pattern?: string;
  /** Members of an object, in order. */
  readonly fields?: readonly Field[];
  /** What each item of a list is. */
  readonly item?: Field;
}

/**
 * The form of a schema: its fields in the order of declaration, with what the schema says of them and
 * what is registered in `FIELDS`. What no form can ask for is JSON; it never throws. Where a secret may
 * be inside of such JSON, all of it is secret.
 */
export function fieldsOf(schema: z.ZodType): readonly Field[] {
  const root = describe(schema);
  const whole: Place = { name: '', pointer: '', label: 'Settings', group: 'advanced' };
  if (root === undefined) return [{ ...plain(whole), secret: true }];
  const field = fieldOf(root, whole, holdsSecretMeta(root));
  return field.fields ?? [field];
}

/** Whether a value of the field is one, or may hold one. */
export function holdsSecret({ secret, fields, item }: Field): boolean {
  return secret || (fields ?? []).some(holdsSecret) || (item !== undefined && holdsSecret(item));
}

interface Place {
  readonly name: string;
  readonly pointer: string;
  /** Where the schema has none of its own. */
  readonly label: string;
  readonly group: FieldGroup;
  readonly required?: boolean;
}

function describe(schema: z.ZodType): JsonSchema | undefined {
  try {
    return annotatedJsonSchema(schema);
  } catch {
    return undefined;
  }
}

function plain({ name, pointer, label, group, required = false }: Place) {
  return {
    name,
    pointer,
    label,
    help: '',
    group,
    widget: 'json',
    type: 'any',
    required,
    secret: false,
    called: false,
  } satisfies Field;
}

/** @param secretsElsewhere whether the schema has secrets, to which a reference may lead */
function fieldOf(node: JsonSchema, place: Place, secretsElsewhere: boolean): Field {
  const meta = (node[META] ?? {}) as Partial<FieldMeta>;
  const { values, members, items, ...shape } = shapeOf(node);
  const own = { ...place, label: meta.label ?? place.label, group: meta.group ?? place.group };
  const inside = (inner: JsonSchema, token: string, of: Omit<Place, 'pointer' | 'group'>) => {
    const { pointer, group } = own;
    return fieldOf(inner, { ...of, pointer: `${pointer}/${token}`, group }, secretsElsewhere);
  };
  const isLeaf = members === undefined && items === undefined;
  const secret =
    meta.secret === true ||
    (isLeaf && (holdsSecretMeta(node) || (secretsElsewhere && refersElsewhere(node))));
  const item = items && inside(items, '*', { name: '', label: own.label, required: true });
  return {
    ...plain(own),
    ...shape,
    widget: meta.widget ?? hidden(shape.widget, secret, item),
    help: node.description ?? '',
    secret,
    called: meta.called ?? false,
    ...('default' in node && { default: node.default }),
    ...(meta.placeholder !== undefined && { placeholder: meta.placeholder }),
    ...(values && {
      choices: values.map((value) => ({ value, title: meta.titles?.[`${value}`] ?? `${value}` })),
    }),
    ...(members && {
      fields: members.map(({ name, node: member, required }) =>
        inside(member, escapeToken(name), { name, label: name, required }),
      ),
    }),
    ...(item && { item }),
  };
}

/** The widget that does not show what is typed, where that is a secret. */
function hidden(widget: Widget, secret: boolean, item: Field | undefined): Widget {
  if (secret && (widget === 'text' || widget === 'url')) return 'secret';
  return widget === 'lines' && item?.secret ? 'list' : widget;
}

function holdsSecretMeta(node: JsonSchema): boolean {
  return someInside(node, (key, value) => key === META && (value as FieldMeta).secret === true);
}

function refersElsewhere(node: JsonSchema): boolean {
  return someInside(node, (key) => key === '$ref');
}

function someInside(value: unknown, is: (key: string, value: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => is(key, inner) || someInside(inner, is));
}
