/** What a request gives to the placeholders of a template. */
export interface ContentValues {
  readonly method: string;
  readonly uri: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly timestamp: string | undefined;
  readonly id: string | undefined;
  header(name: string): string | undefined;
}

export type Placeholder =
  | 'secret'
  | 'method'
  | 'uri'
  | 'path'
  | 'query'
  | 'body'
  | 'timestamp'
  | 'id';

export type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: Placeholder }
  | { readonly kind: 'header'; readonly name: string };

const PLACEHOLDERS: ReadonlySet<string> = new Set<Placeholder>([
  'secret',
  'method',
  'uri',
  'path',
  'query',
  'body',
  'timestamp',
  'id',
]);

const PART = /\{([^{}]*)\}|[^{}]+|[{}]/g;

/**
 * Splits a template such as `{id}.{timestamp}.{body}` into its parts.
 *
 * @returns the parts, or the text of what is wrong
 */
export function parseTemplate(template: string): readonly TemplatePart[] | string {
  const parts: TemplatePart[] = [];
  for (const [text, name] of template.matchAll(PART)) {
    if (name === undefined) {
      if (text === '{' || text === '}') return 'has a brace that belongs to no placeholder';
      parts.push({ kind: 'literal', text });
    } else if (isPlaceholder(name)) {
      parts.push({ kind: 'placeholder', name });
    } else if (/^header:[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name)) {
      parts.push({ kind: 'header', name: name.slice('header:'.length).toLowerCase() });
    } else {
      return `knows no placeholder {${name}}`;
    }
  }
  return parts;
}

function isPlaceholder(name: string): name is Placeholder {
  return PLACEHOLDERS.has(name);
}

/**
 * Expands a template once: braces inside the values are data. The body goes in as raw bytes.
 *
 * @param secret what {secret} stands for
 * @returns the bytes to sign, or undefined when the request lacks a value
 */
export function expandTemplate(
  parts: readonly TemplatePart[],
  values: ContentValues,
  secret: Buffer,
): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const value = partValue(part, values, secret);
    if (value === undefined) return undefined;
    pieces.push(typeof value === 'string' ? Buffer.from(value) : value);
  }
  return Buffer.concat(pieces);
}

function partValue(
  part: TemplatePart,
  values: ContentValues,
  secret: Buffer,
): string | Buffer | undefined {
  if (part.kind === 'literal') return part.text;
  if (part.kind === 'header') return values.header(part.name);
  return part.name === 'secret' ? secret : values[part.name];
}
