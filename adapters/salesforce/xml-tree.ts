import type sax from 'sax';

/** An element by what it means: its prefix is gone. */
export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  /** `xsi:type`, with its prefix resolved. */
  readonly type: { readonly uri: string; readonly local: string } | undefined;
  /** `xsi:nil` is true. */
  readonly nil: boolean;
  readonly children: readonly XmlElement[];
  /** All text right inside, comments cut out. */
  readonly text: string;
}

type Growing = { -readonly [Key in keyof XmlElement]: XmlElement[Key] } & { children: Growing[] };

const MAX_DEPTH = 16;
const MAX_ELEMENTS = 100_000;
const MAX_ATTRIBUTES = 16;
/** Namespaces bound at one place: the parser goes through them at every end tag. */
const MAX_NAMESPACES = 12;
/** Characters right inside one element. The longest text field of Salesforce has 131,072. */
const MAX_TEXT = 262_144;
/** Pieces that may end inside one tag; the attributes of a longer one cost the square of their number. */
const MAX_PIECES_OF_TAG = 1;
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const ENCODING = /\bencoding\s*=\s*["']([^"']*)["']/i;

/** Builds a tree of what the parser tells, and throws as soon as it is more than there may be. */
export class XmlTree {
  readonly #open: Growing[] = [];
  readonly #attributes = new Set<string>();
  #root: Growing | undefined;
  #elements = 0;
  #namespaces = 0;
  #piecesOfTag = 0;
  #inTag = false;
  #begun = false;

  /** The whole document was read. */
  root(): XmlElement {
    if (this.#root === undefined) throw new Error('There is no element.');
    return this.#root;
  }

  pieceRead(): void {
    if (this.#inTag) this.#piecesOfTag += 1;
    if (this.#piecesOfTag > MAX_PIECES_OF_TAG) throw new Error('A tag is too long.');
  }

  tagStarts(): void {
    this.#begun = true;
    this.#inTag = true;
    this.#piecesOfTag = 0;
    this.#attributes.clear();
  }

  /** The parser lets a repeated attribute replace the one before. */
  attribute(name: string): void {
    if (this.#attributes.has(name)) throw new Error('An attribute stands twice.');
    this.#attributes.add(name);
    if (this.#attributes.size > MAX_ATTRIBUTES) throw new Error('There are too many attributes.');
  }

  namespaceOpens(): void {
    this.#namespaces += 1;
    if (this.#namespaces > MAX_NAMESPACES) throw new Error('There are too many namespaces.');
  }

  namespaceCloses(): void {
    this.#namespaces -= 1;
  }

  open(tag: sax.QualifiedTag): void {
    this.#inTag = false;
    const parent = this.#open.at(-1);
    this.#elements += 1;
    if (this.#elements > MAX_ELEMENTS) throw new Error('There are too many elements.');
    if (this.#open.length >= MAX_DEPTH) throw new Error('Elements are nested too deep.');
    if (parent === undefined && this.#root !== undefined) throw new Error('There are two roots.');
    const element: Growing = { ...nameOf(tag), ...instanceAttributes(tag), children: [], text: '' };
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    this.#open.push(element);
  }

  close(): void {
    this.#open.pop();
  }

  text(text: string): void {
    const element = this.#open.at(-1);
    if (element === undefined) {
      if (text.trim() !== '') throw new Error('There is text outside the root.');
      return;
    }
    if (element.text.length + text.length > MAX_TEXT) throw new Error('A text is too long.');
    element.text += text;
  }

  otherNode(): void {
    this.#begun = true;
  }

  /** Only the declaration at the very beginning is let pass, and only of UTF-8. */
  instruction({ name, body }: { readonly name: string; readonly body: string }): void {
    const encoding = ENCODING.exec(body)?.[1]?.toLowerCase() ?? 'utf-8';
    if (this.#begun || name !== 'xml' || encoding !== 'utf-8') {
      throw new Error('There must be no such instruction.');
    }
    this.#begun = true;
  }
}

function nameOf({ name, prefix, local, uri }: sax.QualifiedTag): { uri: string; local: string } {
  // The parser cuts `a:b:c` to `a:b`, and finds prefixes such as `constructor` bound.
  const whole = prefix === '' ? local : `${prefix}:${local}`;
  if (name !== whole || local === '' || typeof uri !== 'string') throw new Error('A name is odd.');
  return { uri, local };
}

function instanceAttributes(tag: sax.QualifiedTag): Pick<XmlElement, 'type' | 'nil'> {
  let type: XmlElement['type'];
  let nil: boolean | undefined;
  for (const { uri, local, value } of Object.values(tag.attributes)) {
    if (uri !== XSI) continue;
    if (local === 'type') {
      // Two prefixes of one namespace are one attribute that stands twice.
      if (type !== undefined) throw new Error('An attribute stands twice.');
      type = resolveName(value, tag.ns);
    } else if (local === 'nil') {
      if (nil !== undefined) throw new Error('An attribute stands twice.');
      nil = value === 'true' || value === '1';
    }
  }
  return { type, nil: nil ?? false };
}

function resolveName(
  value: string,
  namespaces: Readonly<Record<string, unknown>>,
): { uri: string; local: string } {
  const [first = '', second, ...rest] = value.trim().split(':');
  const [prefix, local] = second === undefined ? ['', first] : [first, second];
  const uri = namespaces[prefix];
  const bound = rest.length === 0 && typeof uri === 'string';
  return { uri: bound ? uri : '', local };
}
