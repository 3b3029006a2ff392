import type { Field } from './fields.ts';

/**
 * The fields that people are asked for one by one, outer ones first, by names such as `api.base_url` and
 * `channels[].channel_id`. What is inside of JSON is not asked for.
 */
export function namedFields(
  fields: readonly Field[],
  prefix = '',
): (readonly [name: string, field: Field])[] {
  return fields.flatMap((field) => {
    const name = prefix + field.name;
    const { item, widget, fields: members = item?.fields ?? [] } = field;
    const inside = widget === 'json' ? [] : members;
    return [[name, field] as const, ...namedFields(inside, `${name}${item ? '[]' : ''}.`)];
  });
}
