import type { Adapter } from '#adapters/kit/adapter.ts';
import { type Field, fieldsOf } from '#adapters/kit/fields.ts';
import { namedFields } from '#adapters/kit/named-fields.ts';

/**
 * A provider's guide with its tables written anew from the schemas of the adapter.
 *
 * @param guide Markdown with a pair of markers for each table, such as `<!-- settings -->` and
 *   `<!-- /settings -->`
 * @throws Error when a marker is missing
 */
export function withTables(guide: string, { settingsSchema, credentials = {} }: Adapter): string {
  const settings = fieldsOf(settingsSchema);
  const set = namedFields(settings).map(([name, field]) => [
    code(name),
    defaultOf(field),
    meaningOf(field),
  ]);
  const written = between(guide, 'settings', table(['setting', 'default', 'meaning'], set));
  const asked = Object.entries(credentials).flatMap(([kind, schema]) => {
    const fields = fieldsOf(schema);
    if (fields.length === 0) return [[code(kind), 'nothing', 'The provider asks for the account.']];
    return fields.map((field) => [code(kind), code(field.name), askedFor(field, settings)]);
  });
  if (asked.length === 0) return written;
  return between(written, 'credentials', table(['credential', 'asks for', 'meaning'], asked));
}

function askedFor(field: Field, settings: readonly Field[]): string {
  const setting = settings.find(({ name }) => name === field.name);
  return setting?.help === field.help ? 'The setting above.' : meaningOf(field);
}

function between(guide: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`];
  const from = guide.indexOf(start);
  const to = guide.indexOf(end, from);
  if (from < 0 || to < 0) {
    throw new Error(`The guide lacks the lines ${start.trim()} and ${end.trim()}.`);
  }
  return `${guide.slice(0, from)}${start}\n${text}\n${guide.slice(to)}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [line(header), `|${header.map(() => '---|').join('')}\n`, ...rows.map(line)].join('');
}

function defaultOf({ required, default: value }: Field): string {
  if (required) return 'required';
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  const isPlain = typeof value === 'string' && value === value.trim();
  return code(isPlain ? value : JSON.stringify(value));
}

function meaningOf({ help, choices, item, type, min, max }: Field): string {
  const one = choices && `One of ${choices.map(({ value }) => code(`${value}`)).join(', ')}.`;
  const any = item?.choices?.map(({ value }) => code(`${value}`)).join(', ');
  const isNumber = type === 'integer' || type === 'number';
  const range = isNumber && min !== undefined && max !== undefined && `${min} to ${max}.`;
  const most = type === 'array' && max !== undefined && `At most ${max}.`;
  // Bars would end the cell.
  const words = help.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  return [words, one, any && `Any of ${any}.`, range, most].filter(Boolean).join(' ');
}

function code(text: string): string {
  return `\`${text}\``;
}
